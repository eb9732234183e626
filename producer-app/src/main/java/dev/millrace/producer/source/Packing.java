package dev.millrace.producer.source;

import com.github.luben.zstd.ZstdInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.zip.GZIPInputStream;

/// How a file is packed, by its last ending.
enum Packing {
    NONE("") {
        @Override
        InputStream unpack(InputStream in) {
            return in;
        }
    },
    GZIP(".gz") {
        @Override
        InputStream unpack(InputStream in) throws IOException {
            return new GZIPInputStream(in, BUFFER);
        }
    },
    ZSTD(".zst") {
        @Override
        InputStream unpack(InputStream in) throws IOException {
            // Frames that follow each other are one stream, as `zstd` itself has it.
            return new ZstdInputStream(in).setContinuous(false);
        }
    };

    private static final int BUFFER = 1 << 16;

    private final String suffix;

    Packing(String suffix) {
        this.suffix = suffix;
    }

    abstract InputStream unpack(InputStream in) throws IOException;

    static Packing of(Path path) {
        String name = name(path);
        return name.endsWith(GZIP.suffix) ? GZIP : name.endsWith(ZSTD.suffix) ? ZSTD : NONE;
    }

    /// The ending before that of the packing, in small letters; empty where there is none.
    String ending(Path path) {
        String name = name(path);
        String unpacked = name.substring(0, name.length() - suffix.length());
        return unpacked.substring(unpacked.lastIndexOf('.') + 1);
    }

    /// Opens a file and unpacks it. A damaged one throws from there or from a read, with the file's name.
    NamedStream open(Path path) throws IOException {
        CountedFile in = new CountedFile(Files.newInputStream(path));
        try {
            return new NamedStream(path, in, unpack(in));
        } catch (IOException e) {
            in.close();
            throw new IOException(path + " is not what its ending says: " + e.getMessage(), e);
        }
    }

    private static String name(Path path) {
        return String.valueOf(path.getFileName()).toLowerCase(Locale.ROOT);
    }
}
