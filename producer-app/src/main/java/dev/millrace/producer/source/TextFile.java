package dev.millrace.producer.source;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// A file that is one document.
final class TextFile {
    private TextFile() {}

    static void read(Path path, Reading reading, DocumentFile.Taker taker) throws IOException, InterruptedException {
        byte[] content;
        try (InputStream in = Packing.of(path).open(path)) {
            content = in.readNBytes(reading.documents().maxBytes() + 1);
        }
        String source = String.valueOf(path.getFileName());
        var _ = taker.take(new Item(
                1,
                content.length,
                Files.size(path),
                Text.admit(content, Optional.empty(), source, reading.documents()),
                true));
    }
}
