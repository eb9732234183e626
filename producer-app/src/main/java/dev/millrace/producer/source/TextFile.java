package dev.millrace.producer.source;

import java.io.IOException;
import java.util.Optional;

/// A file that is one document.
final class TextFile {
    private TextFile() {}

    static void read(DocumentFile file, Reading reading, DocumentFile.Taker taker)
            throws IOException, InterruptedException {
        byte[] content;
        long fileBytes;
        try (NamedStream in = Packing.open(file)) {
            content = in.readNBytes(reading.documents().maxBytes() + 1);
            fileBytes = in.fileBytes();
        }
        var _ = taker.take(new Item(
                1,
                content.length,
                fileBytes,
                Text.admit(content, Optional.empty(), file.name(), reading.documents()),
                true));
    }
}
