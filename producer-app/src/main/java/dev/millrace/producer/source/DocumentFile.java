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
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// A file as documents, read in order, a buffer at a time.
///
/// By its ending: `.jsonl` and `.ndjson` hold a document per line; `.txt`, `.md`, `.java` and other text is one
/// document, with the file's name as its `source`. Each may be packed, with `.gz` or `.zst` after that.
public record DocumentFile(Path path) {
    private static final Set<String> LINES = Set.of("jsonl", "ndjson");
    private static final Set<String> TEXT =
            Set.of("txt", "text", "md", "java", "py", "c", "cc", "cpp", "h", "go", "rs");
    private static final int BUFFER = 1 << 16;

    /// What takes the documents of a file.
    @FunctionalInterface
    public interface Taker {
        /// @return whether more is wanted
        boolean take(Item item) throws IOException, InterruptedException;

        /// Called about once a second while nothing comes: unpacking up to where an earlier run was may take long.
        ///
        /// @return whether more is wanted
        default boolean idle() throws IOException, InterruptedException {
            return true;
        }
    }

    /// Whether a file of this name is one that is read.
    public static boolean isSupported(Path path) {
        String ending = Packing.of(path).ending(path);
        return LINES.contains(ending) || TEXT.contains(ending);
    }

    /// Its bytes, unpacked.
    public InputStream open() throws IOException {
        return Packing.of(path).open(path);
    }

    /// Reads the documents that lie past the first `from` bytes, of which `line` lines were read before.
    public void read(long from, long line, DocumentReader reader, Taker taker)
            throws IOException, InterruptedException {
        if (LINES.contains(Packing.of(path).ending(path))) {
            readLines(from, line, reader, taker);
        } else if (from == 0) {
            var _ = taker.take(wholeFile(reader));
        }
    }

    private void readLines(long from, long lineBefore, DocumentReader reader, Taker taker)
            throws IOException, InterruptedException {
        LineSplitter splitter = new LineSplitter(reader.maxBytes(), lineBefore);
        List<LineSplitter.Line> lines = new ArrayList<>();
        byte[] buffer = new byte[BUFFER];
        try (InputStream in = open()) {
            in.skipNBytes(from);
            int read = in.read(buffer);
            boolean more = true;
            while (read >= 0 && more) {
                splitter.feed(buffer, 0, read, lines::add);
                more = give(lines, from, true, reader, taker);
                read = in.read(buffer);
            }
            if (more) {
                splitter.end(lines::add);
                var _ = give(lines, from, false, reader, taker);
            }
        }
    }

    private static boolean give(
            List<LineSplitter.Line> lines, long from, boolean ended, DocumentReader reader, Taker taker)
            throws IOException, InterruptedException {
        for (LineSplitter.Line line : lines) {
            Admission admission = switch (line) {
                case LineSplitter.Whole whole -> reader.read(whole.bytes());
                case LineSplitter.Overlong _ -> reader.tooLarge();
            };
            if (!taker.take(new Item(line.number(), from + line.end(), admission, ended))) {
                return false;
            }
        }
        lines.clear();
        return true;
    }

    private Item wholeFile(DocumentReader reader) throws IOException {
        byte[] content;
        try (InputStream in = open()) {
            content = in.readNBytes(reader.maxBytes() + 1);
        }
        int size = content.length;
        if (size > reader.maxBytes()) {
            return new Item(1, size, reader.tooLarge(), true);
        }
        String text;
        try {
            text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(content))
                    .toString();
        } catch (CharacterCodingException e) {
            return new Item(1, size, new Admission.Rejected(Fault.ENCODING, "", 1, 1, "is not UTF-8"), true);
        }
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("text", text);
        json.put("source", String.valueOf(path.getFileName()));
        return new Item(1, size, reader.read(json.toString().getBytes(StandardCharsets.UTF_8)), true);
    }
}
