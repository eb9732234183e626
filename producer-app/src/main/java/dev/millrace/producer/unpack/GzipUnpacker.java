package dev.millrace.producer.unpack;

import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/// Gzip (RFC 1952), members that follow each other included: `java.util.zip` has it only for streams that can wait.
final class GzipUnpacker implements Unpacker {
    /// Zlib's window, its state, and what is around.
    private static final long MEMORY = (64 << 10) + PIECE;

    private static final int MAGIC_1 = 0x1F;
    private static final int MAGIC_2 = 0x8B;
    private static final int DEFLATE = 8;
    private static final int HEADER_CHECKSUM = 2;
    private static final int EXTRA = 4;
    private static final int NAME = 8;
    private static final int COMMENT = 16;
    private static final int RESERVED = 0xE0;

    private final UnpackingRoom.Share share;
    private final Inflater inflater = new Inflater(true);
    private final byte[] buffer = new byte[PIECE];
    private final CRC32 checksum = new CRC32();
    private Part part = Part.FIXED;
    /// Bytes of the part that were read, and their value, the first one lowest.
    private int count;

    private long value;
    private int flags;
    private int extra;
    private boolean begun;
    private byte[] packed = {};
    private int at;

    /// @param share taken once bytes come, and given back when this is closed
    GzipUnpacker(UnpackingRoom.Share share) {
        this.share = share;
    }

    /// Of a member, in their order.
    private enum Part {
        FIXED,
        EXTRA_LENGTH,
        EXTRA_FIELD,
        FILE_NAME,
        REMARK,
        HEADER_CRC,
        BODY,
        CRC,
        LENGTH
    }

    @Override
    public void feed(byte[] bytes) {
        packed = bytes;
        at = 0;
    }

    @Override
    public byte[] next() throws BrokenPackingException {
        share.atLeast(MEMORY);
        while (true) {
            if (part == Part.BODY) {
                int size = inflate();
                if (size > 0 || part == Part.BODY) {
                    return Arrays.copyOf(buffer, size);
                }
            }
            if (at == packed.length) {
                return new byte[0];
            }
            begun = true;
            step(packed[at++] & 0xFF);
        }
    }

    private int inflate() throws BrokenPackingException {
        if (inflater.needsInput()) {
            inflater.setInput(packed, at, packed.length - at);
            at = packed.length;
        }
        try {
            int size = inflater.inflate(buffer);
            checksum.update(buffer, 0, size);
            if (size == 0 && inflater.needsDictionary()) {
                throw new BrokenPackingException("asks for a dictionary, which gzip has not");
            }
            if (size == 0 && inflater.finished()) {
                at = packed.length - inflater.getRemaining();
                next(Part.CRC);
            }
            return size;
        } catch (DataFormatException e) {
            throw new BrokenPackingException("is damaged: its gzip cannot be unpacked any further");
        }
    }

    /// One byte of what is around the body.
    private void step(int next) throws BrokenPackingException {
        switch (part) {
            case FIXED -> fixed(next);
            case EXTRA_LENGTH -> {
                if (collected(next, 2)) {
                    extra = (int) value;
                    next(extra == 0 ? after(Part.EXTRA_FIELD) : Part.EXTRA_FIELD);
                }
            }
            case EXTRA_FIELD -> {
                if (++count == extra) {
                    next(after(Part.EXTRA_FIELD));
                }
            }
            case FILE_NAME -> {
                if (next == 0) {
                    next(after(Part.FILE_NAME));
                }
            }
            case REMARK -> {
                if (next == 0) {
                    next(after(Part.REMARK));
                }
            }
            case HEADER_CRC -> {
                if (++count == 2) {
                    next(Part.BODY);
                }
            }
            case CRC -> {
                if (collected(next, 4)) {
                    check(checksum.getValue(), "checksum");
                    next(Part.LENGTH);
                }
            }
            case LENGTH -> {
                if (collected(next, 4)) {
                    check(inflater.getBytesWritten() & 0xFFFF_FFFFL, "length");
                    begun = false;
                    next(Part.FIXED);
                }
            }
            case BODY -> throw new IllegalStateException("the body is inflated, not stepped through");
        }
    }

    private void fixed(int next) throws BrokenPackingException {
        boolean right = switch (count) {
            case 0 -> next == MAGIC_1;
            case 1 -> next == MAGIC_2;
            case 2 -> next == DEFLATE;
            case 3 -> (next & RESERVED) == 0;
            default -> true;
        };
        if (!right) {
            throw new BrokenPackingException("is not gzip");
        }
        if (count == 3) {
            flags = next;
        }
        if (++count == 10) {
            inflater.reset();
            checksum.reset();
            next(after(Part.FIXED));
        }
    }

    /// The part of the header that follows, by its flags.
    private Part after(Part done) {
        if (done == Part.FIXED && (flags & EXTRA) != 0) {
            return Part.EXTRA_LENGTH;
        }
        if (done.compareTo(Part.FILE_NAME) < 0 && (flags & NAME) != 0) {
            return Part.FILE_NAME;
        }
        if (done.compareTo(Part.REMARK) < 0 && (flags & COMMENT) != 0) {
            return Part.REMARK;
        }
        return (flags & HEADER_CHECKSUM) != 0 ? Part.HEADER_CRC : Part.BODY;
    }

    private void next(Part following) {
        part = following;
        count = 0;
        value = 0;
    }

    private boolean collected(int next, int bytes) {
        value |= (long) next << (8 * count);
        return ++count == bytes;
    }

    private void check(long counted, String what) throws BrokenPackingException {
        if (counted != value) {
            throw new BrokenPackingException("is damaged: the " + what + " at the end of its gzip is another");
        }
    }

    @Override
    public void end() throws BrokenPackingException {
        if (begun) {
            throw new BrokenPackingException("breaks off: its gzip has no end");
        }
    }

    @Override
    public void close() {
        inflater.end();
        share.close();
    }
}
