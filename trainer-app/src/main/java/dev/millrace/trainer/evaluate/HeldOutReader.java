package dev.millrace.trainer.evaluate;

import dev.millrace.trainer.intake.Decoded;
import dev.millrace.trainer.intake.DocumentDecoder;
import dev.millrace.trainer.intake.LogInspector;
import dev.millrace.trainer.tokenize.DocumentTokenizer;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/// Brings held-out documents into a set, until it is full. They are tokenized as they are, whatever the
/// training does to its own. One thread.
public final class HeldOutReader {
    private static final byte[] NO_KEY = new byte[0];

    private final DocumentDecoder decoder;
    private final DocumentTokenizer tokenizer;
    private final HeldOutSet.Builder set;
    private boolean full;
    private long passedBy;

    public HeldOutReader(DocumentDecoder decoder, DocumentTokenizer tokenizer, HeldOutSet.Builder set) {
        this.decoder = decoder;
        this.tokenizer = tokenizer;
        this.set = set;
    }

    /// Whether a document was met for which there was no room.
    public boolean full() {
        return full;
    }

    /// Records of a topic that are no text.
    public long passedBy() {
        return passedBy;
    }

    /// Reads a file.
    ///
    /// @throws IOException naming the file, and the line, that cannot be read
    public void read(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new IOException("millrace.evaluation.files names " + file.toAbsolutePath() + ", which is no file");
        }
        String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
        if (!name.endsWith(".jsonl") && !name.endsWith(".ndjson")) {
            add(Files.readString(file));
            return;
        }
        try (BufferedReader lines = Files.newBufferedReader(file)) {
            long number = 0;
            String line = lines.readLine();
            while (line != null && !full) {
                number++;
                if (!line.isBlank()) {
                    readLine(file, number, line);
                }
                line = lines.readLine();
            }
        }
    }

    private void readLine(Path file, long number, String line) throws IOException {
        byte[] value = line.getBytes(StandardCharsets.UTF_8);
        switch (decoder.decode(new ConsumerRecord<>(file.toString(), 0, number, NO_KEY, value))) {
            case Decoded.Usable usable -> add(usable.document().text());
            case Decoded.Unusable unusable ->
                throw new IOException(file + ", line " + number + " is " + unusable.contentType());
            case Decoded.Bad bad ->
                throw new IOException(file + ", line " + number + " is no document: " + bad.reason());
        }
    }

    /// Reads a topic as it is now. What is no document is passed by.
    public void read(LogInspector topic) throws InterruptedException {
        topic.read(record -> {
            switch (decoder.decode(record)) {
                case Decoded.Usable usable -> add(usable.document().text());
                case Decoded.Unusable _, Decoded.Bad _ -> passedBy++;
            }
            return !full;
        });
    }

    private void add(String text) {
        full = full || !set.add(tokenizer.encode(text), text.getBytes(StandardCharsets.UTF_8).length);
    }
}
