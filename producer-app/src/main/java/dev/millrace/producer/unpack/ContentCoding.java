package dev.millrace.producer.unpack;

import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// How a request's body is packed, as `Content-Encoding` says.
public enum ContentCoding {
    IDENTITY,
    GZIP,
    ZSTD;

    /// What `Accept-Encoding` offers a client whose coding is not one of these.
    public static final String OFFERED = "gzip, zstd";

    /// @param header the value of `Content-Encoding`, if there is one
    /// @return empty for a coding that is not known, and for several on top of each other
    public static Optional<ContentCoding> parse(@Nullable String header) {
        if (header == null) {
            return Optional.of(IDENTITY);
        }
        return switch (header.strip().toLowerCase(Locale.ROOT)) {
            case "", "identity" -> Optional.of(IDENTITY);
            case "gzip", "x-gzip" -> Optional.of(GZIP);
            case "zstd" -> Optional.of(ZSTD);
            default -> Optional.empty();
        };
    }

    Unpacker open(UnpackingRoom room) {
        return switch (this) {
            case IDENTITY -> new PlainUnpacker();
            case GZIP -> new GzipUnpacker(room.share());
            case ZSTD -> new ZstdUnpacker(ZstdUnpacker.MAX_WINDOW_IN_HTTP, room.share());
        };
    }

    /// As it stands in a header.
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
