package dev.millrace.producer.source;

import dev.millrace.producer.unpack.UnpackedStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.util.Locale;

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
        InputStream unpack(InputStream in) {
            return UnpackedStream.gzip(in);
        }
    },
    ZSTD(".zst") {
        @Override
        InputStream unpack(InputStream in) {
            return UnpackedStream.zstd(in);
        }
    };

    private final String suffix;

    Packing(String suffix) {
        this.suffix = suffix;
    }

    abstract InputStream unpack(InputStream in);

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

    /// Opens a file and unpacks it. A damaged one throws from a read, with the file's name.
    static NamedStream open(DocumentFile file) throws IOException {
        CountedFile in = new CountedFile(Channels.newInputStream(file.open()));
        return new NamedStream(file.path(), in, of(file.path()).unpack(in));
    }

    private static String name(Path path) {
        return String.valueOf(path.getFileName()).toLowerCase(Locale.ROOT);
    }
}
