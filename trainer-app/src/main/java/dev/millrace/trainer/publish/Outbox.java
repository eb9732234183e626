package dev.millrace.trainer.publish;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.trainer.batch.DeadLetter;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;

/// Dead letters that wait for the checkpoint that covers them, and to be published after it. They are part of
/// the checkpoint: a crash between the two loses none and sends none twice.
///
/// Thread-safe: the training thread adds, the one that writes checkpoints takes.
public final class Outbox {
    /// The file's name in a checkpoint.
    public static final String FILE = "outbox.jsonl";

    /// So many letters, or so many bytes of them, ask for a checkpoint before its time.
    private static final int LETTERS = 1_000;
    private static final long BYTES = 32L << 20;

    /// A topic takes 1 MiB a record where nobody has said otherwise: what is larger is cut, the record itself
    /// is on the log.
    private static final int LONGEST_VALUE = 768 << 10;

    /// Of a key, and of all headers together.
    private static final int LONGEST_REST = 64 << 10;

    private static final ObjectMapper JSON = new ObjectMapper();

    private final List<Letter> letters = new ArrayList<>();
    private long bytes;

    /// A dead letter as it is kept.
    ///
    /// @param step for which its record was read
    /// @param key null where the record has none
    /// @param value null where the record has none; its beginning where it is too long for the topic
    /// @param cut what was left out, empty where nothing was
    @SuppressWarnings("ArrayRecordComponent") // Written and read, never compared.
    public record Letter(
            long step,
            String topic,
            int partition,
            long offset,
            byte @Nullable [] key,
            byte @Nullable [] value,
            List<LetterHeader> headers,
            String reason,
            String cut) {
        public Letter {
            headers = List.copyOf(headers);
            // Letters of before there was such a thing are whole.
            cut = Objects.requireNonNullElse(cut, "");
        }

        private static Letter of(long step, DeadLetter dead) {
            ConsumerRecord<byte[], byte[]> record = dead.record();
            List<String> cut = new ArrayList<>();
            List<LetterHeader> headers = new ArrayList<>();
            int room = LONGEST_REST;
            for (Header header : record.headers()) {
                LetterHeader kept = new LetterHeader(header.key(), header.value());
                room -= kept.size();
                if (room >= 0) {
                    headers.add(kept);
                }
            }
            if (room < 0) {
                cut.add("headers beyond " + LONGEST_REST + " bytes");
            }
            byte[] key = record.key();
            if (key != null && key.length > LONGEST_REST) {
                cut.add("the key of " + key.length + " bytes");
                key = null;
            }
            byte[] value = record.value();
            if (value != null && value.length > LONGEST_VALUE) {
                cut.add("the value, of " + value.length + " bytes, after " + LONGEST_VALUE);
                value = Arrays.copyOf(value, LONGEST_VALUE);
            }
            return new Letter(
                    step,
                    record.topic(),
                    record.partition(),
                    record.offset(),
                    key,
                    value,
                    headers,
                    dead.reason(),
                    String.join("; ", cut));
        }

        private long size() {
            return 200L
                    + (key == null ? 0 : key.length)
                    + (value == null ? 0 : value.length)
                    + headers.stream().mapToLong(LetterHeader::size).sum();
        }
    }

    /// A header of the record.
    @SuppressWarnings("ArrayRecordComponent") // Written and read, never compared.
    public record LetterHeader(String key, byte @Nullable [] value) {
        private int size() {
            return key.length() + (value == null ? 0 : value.length);
        }
    }

    /// Takes what was found while a step was made.
    public synchronized void add(long step, Collection<DeadLetter> found) {
        for (DeadLetter dead : found) {
            Letter letter = Letter.of(step, dead);
            letters.add(letter);
            bytes += letter.size();
        }
    }

    /// The last step that a letter is of; 0 where there is none.
    public synchronized long lastStep() {
        return letters.isEmpty() ? 0 : letters.getLast().step();
    }

    /// Whether a checkpoint is due for its sake.
    public synchronized boolean full() {
        return letters.size() >= LETTERS || bytes >= BYTES;
    }

    /// The letters of the steps up to one, in the order in which they were found.
    public synchronized List<Letter> letters(long upTo) {
        return letters.stream().filter(letter -> letter.step() <= upTo).toList();
    }

    /// Forgets the letters of the steps up to one: they are published.
    public synchronized void forget(long upTo) {
        letters.removeIf(letter -> letter.step() <= upTo);
        bytes = letters.stream().mapToLong(Letter::size).sum();
    }

    /// Writes the letters of the steps up to one into a checkpoint that is being made.
    public void write(Path directory, long upTo) throws IOException {
        Path file = directory.resolve(FILE);
        try (BufferedWriter lines = Files.newBufferedWriter(file)) {
            for (Letter letter : letters(upTo)) {
                lines.write(JSON.writeValueAsString(letter));
                lines.write('\n');
            }
        } catch (IOException e) {
            throw new IOException(file + " cannot be written: " + e.getMessage(), e);
        }
    }

    /// Reads the letters of a checkpoint.
    public static Outbox read(Path directory) throws IOException {
        Outbox outbox = new Outbox();
        Path file = directory.resolve(FILE);
        try (BufferedReader lines = Files.newBufferedReader(file)) {
            String line = lines.readLine();
            while (line != null) {
                Letter letter = JSON.readValue(line, Letter.class);
                outbox.letters.add(letter);
                outbox.bytes += letter.size();
                line = lines.readLine();
            }
        } catch (JsonProcessingException e) {
            throw new IOException(file + " cannot be read: " + e.getOriginalMessage(), e);
        }
        return outbox;
    }
}
