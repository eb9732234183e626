package dev.millrace.producer.source;

import dev.millrace.producer.document.Admission;
import dev.millrace.producer.document.DocumentReader;
import dev.millrace.producer.document.LineSplitter;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// JSON Lines: a buffer at a time.
final class LineFile {
    private static final int BUFFER = 1 << 16;

    private LineFile() {}

    static void read(DocumentFile file, long from, long before, Reading reading, DocumentFile.Taker taker)
            throws IOException, InterruptedException {
        DocumentReader reader = reading.documents();
        LineSplitter splitter = new LineSplitter(reader.maxBytes(), before);
        List<LineSplitter.Line> lines = new ArrayList<>();
        byte[] buffer = new byte[BUFFER];
        try (NamedStream in = Packing.open(file)) {
            in.skipNBytes(from);
            int read = in.read(buffer);
            boolean more = true;
            while (read >= 0 && more) {
                splitter.feed(buffer, 0, read, lines::add);
                more = give(lines, from, in.fileBytes(), true, reader, taker);
                read = in.read(buffer);
            }
            if (more) {
                splitter.end(lines::add);
                var _ = give(lines, from, in.fileBytes(), false, reader, taker);
            }
        }
    }

    private static boolean give(
            List<LineSplitter.Line> lines,
            long from,
            long fileBytes,
            boolean ended,
            DocumentReader reader,
            DocumentFile.Taker taker)
            throws IOException, InterruptedException {
        for (LineSplitter.Line line : lines) {
            Admission admission = switch (line) {
                case LineSplitter.Whole whole -> reader.read(whole.bytes());
                case LineSplitter.Overlong _ -> reader.tooLarge();
            };
            if (!taker.take(new Item(line.number(), from + line.end(), fileBytes, admission, ended))) {
                return false;
            }
        }
        lines.clear();
        return true;
    }
}
