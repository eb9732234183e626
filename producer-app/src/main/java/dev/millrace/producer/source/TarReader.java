package dev.millrace.producer.source;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// A tar archive, entry after entry: POSIX ustar and pax, and GNU's long names and large sizes.
///
/// Own, and no library's, for the place where an entry begins: there an ingestion goes on. Not thread-safe.
final class TarReader {
    private static final int BLOCK = 512;
    private static final int PIECE = 64 << 10;
    /// Of a pax header or a long name: more is damage.
    private static final int MOST_HEADER = 1 << 20;
    /// Keys of a pax header that stand at sparse files, in the three ways of writing them.
    private static final List<String> SPARSE = List.of("GNU.sparse.major", "GNU.sparse.map", "GNU.sparse.size");

    private final Path archive;
    private final InputStream in;
    private final byte[] block = new byte[BLOCK];
    private long at;
    private long contentLeft;
    private long padding;

    /// @param archive for errors
    /// @param from where `in` begins in it
    TarReader(Path archive, InputStream in, long from) {
        this.archive = archive;
        this.in = in;
        this.at = from;
    }

    /// Bytes of the archive up to here; after its last file, up to where another would begin.
    long at() {
        return at;
    }

    /// The next regular file; empty at the end of the archive. What was not read of the one before is passed over.
    Optional<TarEntry> next() throws IOException {
        skip(contentLeft + padding);
        contentLeft = 0;
        padding = 0;
        long begin = at;
        String longPath = "";
        long longSize = -1;
        while (readBlock()) {
            if (isZero()) {
                at -= BLOCK;
                return Optional.empty();
            }
            verifyChecksum();
            long size = number(124, 12);
            char type = (char) block[156];
            switch (type) {
                case 'L' -> longPath = cut(new String(header(size), StandardCharsets.UTF_8));
                case 'x' -> {
                    byte[] records = header(size);
                    if (SPARSE.stream().anyMatch(key -> pax(records, key).isPresent())) {
                        throw sparse();
                    }
                    longPath = pax(records, "path").orElse(longPath);
                    Optional<String> given = pax(records, "size");
                    longSize = given.isPresent() ? checked(parse(given.get())) : longSize;
                }
                case '0', '7', '\0' -> {
                    contentLeft = longSize >= 0 ? longSize : size;
                    padding = padding(contentLeft);
                    return Optional.of(new TarEntry(longPath.isEmpty() ? path() : longPath, begin, contentLeft));
                }
                // Its size is that of the parts that have data, and what follows is not the file.
                case 'S' -> throw sparse();
                default -> {
                    skip(size + padding(size));
                    longPath = "";
                    longSize = -1;
                    begin = at;
                }
            }
        }
        return Optional.empty();
    }

    /// The content of the entry that was given last.
    byte[] content() throws IOException {
        byte[] content = in.readNBytes((int) contentLeft);
        at += content.length;
        if (content.length < contentLeft) {
            throw damaged("ends in the middle of a file");
        }
        contentLeft = 0;
        return content;
    }

    /// Takes pieces of a content.
    @FunctionalInterface
    interface Sink {
        /// @param bytes not to be kept
        void take(byte[] bytes, int offset, int length) throws IOException;
    }

    /// The content of the entry that was given last, however large it is.
    void content(Sink sink) throws IOException {
        byte[] piece = new byte[(int) Math.min(PIECE, contentLeft)];
        while (contentLeft > 0) {
            int count = in.readNBytes(piece, 0, (int) Math.min(piece.length, contentLeft));
            at += count;
            contentLeft -= count;
            if (count == 0) {
                throw damaged("ends in the middle of a file");
            }
            sink.take(piece, 0, count);
        }
    }

    private byte[] header(long size) throws IOException {
        if (size > MOST_HEADER) {
            throw damaged("has a header of " + size + " bytes");
        }
        contentLeft = size;
        byte[] header = content();
        skip(padding(size));
        return header;
    }

    private void skip(long count) throws IOException {
        try {
            in.skipNBytes(count);
            at += count;
        } catch (EOFException e) {
            throw damaged("ends in the middle of a file");
        }
    }

    private IOException sparse() {
        return damaged("has a sparse file, which is not read: make it without --sparse");
    }

    private IOException damaged(String how) {
        return new IOException(archive + " " + how + ", at byte " + at + " (unpacked)");
    }

    /// @return false at the end of the stream
    private boolean readBlock() throws IOException {
        int count = in.readNBytes(block, 0, BLOCK);
        if (count > 0 && count < BLOCK) {
            throw damaged("ends in the middle of a header");
        }
        at += count;
        return count == BLOCK;
    }

    private boolean isZero() {
        for (byte each : block) {
            if (each != 0) {
                return false;
            }
        }
        return true;
    }

    private void verifyChecksum() throws IOException {
        long sum = 0;
        for (int i = 0; i < BLOCK; i++) {
            sum += i >= 148 && i < 156 ? ' ' : block[i] & 0xFF;
        }
        if (sum != number(148, 8)) {
            throw damaged("has no tar header before the place");
        }
    }

    /// Octal, or, with its first bit set, binary.
    private long number(int offset, int length) throws IOException {
        if ((block[offset] & 0x80) != 0) {
            long value = block[offset] & 0x7F;
            for (int i = offset + 1; i < offset + length; i++) {
                if (checked(value) > Long.MAX_VALUE >> 10) {
                    throw damaged("has a size above " + value);
                }
                value = (value << 8) | (block[i] & 0xFF);
            }
            return checked(value);
        }
        String digits = cut(text(offset, length)).strip();
        try {
            return digits.isEmpty() ? 0 : checked(Long.parseLong(digits, 8));
        } catch (NumberFormatException e) {
            throw damaged("has no tar header before the place");
        }
    }

    private long checked(long value) throws IOException {
        if (value < 0 || value > Long.MAX_VALUE / 2) {
            throw damaged("has a size of " + value);
        }
        return value;
    }

    private String path() {
        String name = cut(text(0, 100));
        String prefix = text(257, 5).equals("ustar") && block[262] == 0 ? cut(text(345, 155)) : "";
        return prefix.isEmpty() ? name : prefix + "/" + name;
    }

    private String text(int offset, int length) {
        return new String(block, offset, length, StandardCharsets.UTF_8);
    }

    private static String cut(String text) {
        int end = text.indexOf('\0');
        return end < 0 ? text : text.substring(0, end);
    }

    private static long padding(long size) {
        return (BLOCK - size % BLOCK) % BLOCK;
    }

    /// A value of a pax header: records of `length key=value`, each ended by a line feed.
    private static Optional<String> pax(byte[] records, String key) {
        int begin = 0;
        while (begin < records.length) {
            int blank = begin;
            while (blank < records.length && records[blank] != ' ') {
                blank++;
            }
            long length = parse(new String(records, begin, blank - begin, StandardCharsets.UTF_8));
            if (length <= blank - begin || length > records.length - begin) {
                return Optional.empty();
            }
            int end = begin + (int) length;
            String record = new String(Arrays.copyOfRange(records, blank + 1, end - 1), StandardCharsets.UTF_8);
            if (record.startsWith(key + "=")) {
                return Optional.of(record.substring(key.length() + 1));
            }
            begin = end;
        }
        return Optional.empty();
    }

    private static long parse(String digits) {
        try {
            return Long.parseLong(digits);
        } catch (NumberFormatException e) {
            return -1;
        }
    }
}
