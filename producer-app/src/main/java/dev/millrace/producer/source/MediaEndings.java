package dev.millrace.producer.source;

import dev.millrace.producer.document.MediaType;
import java.util.Map;
import java.util.Optional;

/// The media types of files, by their endings.
final class MediaEndings {
    private static final Map<String, String> TYPES = Map.ofEntries(
            Map.entry("jpg", "image/jpeg"),
            Map.entry("jpeg", "image/jpeg"),
            Map.entry("png", "image/png"),
            Map.entry("webp", "image/webp"),
            Map.entry("gif", "image/gif"),
            Map.entry("bmp", "image/bmp"),
            Map.entry("tif", "image/tiff"),
            Map.entry("tiff", "image/tiff"),
            Map.entry("avif", "image/avif"),
            Map.entry("jxl", "image/jxl"),
            Map.entry("svg", "image/svg+xml"),
            Map.entry("wav", "audio/wav"),
            Map.entry("flac", "audio/flac"),
            Map.entry("mp3", "audio/mpeg"),
            Map.entry("ogg", "audio/ogg"),
            Map.entry("oga", "audio/ogg"),
            Map.entry("opus", "audio/opus"),
            Map.entry("m4a", "audio/mp4"),
            Map.entry("aac", "audio/aac"));

    private MediaEndings() {}

    /// @param kind what follows the first dot of a file's name, in small letters
    /// @return empty where it is no medium that documents may hold
    static Optional<MediaType> type(String kind) {
        return MediaType.parse(TYPES.get(kind.substring(kind.lastIndexOf('.') + 1)));
    }
}
