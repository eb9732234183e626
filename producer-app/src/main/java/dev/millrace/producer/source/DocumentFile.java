package dev.millrace.producer.source;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.producer.document.Admission;
import dev.millrace.producer.document.DocumentReader;
import dev.millrace.producer.document.Fault;
import dev.millrace.producer.document.LineSplitter;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/// A file as documents, read once and in order, a buffer at a time.
///
/// By its ending: `.jsonl` and `.ndjson` hold a document per line; `.txt`, `.md`, `.java` and other text is one
/// document, with the file's name as its `source`.
public record DocumentFile(Path path) {
    private static final Set<String> LINES = Set.of("jsonl", "ndjson");
    private static final Set<String> TEXT =
            Set.of("txt", "text", "md", "java", "py", "c", "cc", "cpp", "h", "go", "rs");
    private static final int BUFFER = 1 << 16;

    /// What takes the documents of a file.
    @FunctionalInterface
    public interface Taker {
        void take(Item item) throws InterruptedException;
    }

    /// Whether a file of this name is one that is read.
    public static boolean isSupported(Path path) {
        return LINES.contains(ending(path)) || TEXT.contains(ending(path));
    }

    /// Reads the documents that lie past the first `from` bytes, of which `line` lines were read before.
    public void read(long from, long line, DocumentReader reader, Taker taker)
            throws IOException, InterruptedException {
        if (LINES.contains(ending(path))) {
            readLines(from, line, reader, taker);
        } else if (from == 0) {
            taker.take(wholeFile(reader));
        }
    }

    private void readLines(long from, long lineBefore, DocumentReader reader, Taker taker)
            throws IOException, InterruptedException {
        LineSplitter splitter = new LineSplitter(reader.maxBytes());
        List<LineSplitter.Line> lines = new ArrayList<>();
        byte[] buffer = new byte[BUFFER];
        long line = lineBefore;
        try (InputStream in = Files.newInputStream(path)) {
            in.skipNBytes(from);
            int read = in.read(buffer);
            while (read >= 0) {
                splitter.feed(buffer, 0, read, lines::add);
                line = give(lines, line, from, reader, taker);
                read = in.read(buffer);
            }
            splitter.end(lines::add);
            var _ = give(lines, line, from, reader, taker);
        }
    }

    private static long give(
            List<LineSplitter.Line> lines, long lineBefore, long from, DocumentReader reader, Taker taker)
            throws InterruptedException {
        long number = lineBefore;
        for (LineSplitter.Line line : lines) {
            number++;
            Admission admission = switch (line) {
                case LineSplitter.Whole whole -> reader.read(whole.bytes());
                case LineSplitter.Overlong _ -> reader.tooLarge();
            };
            taker.take(new Item(number, from + line.end(), admission));
        }
        lines.clear();
        return number;
    }

    private Item wholeFile(DocumentReader reader) throws IOException {
        long size = Files.size(path);
        if (size > reader.maxBytes()) {
            return new Item(1, size, reader.tooLarge());
        }
        byte[] content = Files.readAllBytes(path);
        String text;
        try {
            text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(content))
                    .toString();
        } catch (CharacterCodingException e) {
            return new Item(1, size, new Admission.Rejected(Fault.ENCODING, "", 1, 1, "is not UTF-8"));
        }
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("text", text);
        json.put("source", String.valueOf(path.getFileName()));
        return new Item(1, size, reader.read(json.toString().getBytes(StandardCharsets.UTF_8)));
    }

    private static String ending(Path path) {
        String name = String.valueOf(path.getFileName());
        return name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    }
}
