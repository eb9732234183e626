package dev.millrace.proof;

import dev.millrace.testing.KafkaMain;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/// How often each bad record is among the dead letters.
record DeadLetterCount(Map<DocumentLog.Place, Integer> letters) {
    /// Reads what has come to the topic's only partition since `from`.
    ///
    /// @param topic of the documents that the letters are of
    static DeadLetterCount read(String bootstrapServers, String topic, long from) {
        Map<DocumentLog.Place, Integer> letters = new HashMap<>();
        for (ConsumerRecord<byte[], byte[]> letter : CommittedRecords.read(
                        bootstrapServers, KafkaMain.DEAD_LETTERS, from)
                .records()) {
            if (header(letter, "dead-letter-topic").equals(topic)) {
                letters.merge(place(letter), 1, Integer::sum);
            }
        }
        return new DeadLetterCount(letters);
    }

    private static DocumentLog.Place place(ConsumerRecord<byte[], byte[]> letter) {
        return new DocumentLog.Place(
                Integer.parseInt(header(letter, "dead-letter-partition")),
                Long.parseLong(header(letter, "dead-letter-offset")));
    }

    private static String header(ConsumerRecord<byte[], byte[]> letter, String name) {
        return new String(
                Objects.requireNonNull(letter.headers().lastHeader(name), name).value(), StandardCharsets.UTF_8);
    }

    /// What is wrong with the letters of a run, if `bad` are the records that are no documents.
    List<String> problems(String run, Set<DocumentLog.Place> bad) {
        List<String> problems = new ArrayList<>();
        Set<DocumentLog.Place> missing = new HashSet<>(bad);
        missing.removeAll(letters.keySet());
        if (!missing.isEmpty()) {
            problems.add("run " + run + " sent no dead letter for " + missing);
        }
        Set<DocumentLog.Place> unfounded = new HashSet<>(letters.keySet());
        unfounded.removeAll(bad);
        if (!unfounded.isEmpty()) {
            problems.add("run " + run + " sent dead letters of good records: " + unfounded);
        }
        if (repeats() > 0) {
            problems.add("run " + run + " sent " + repeats() + " dead letters again");
        }
        return problems;
    }

    /// Letters beyond the first of their record.
    long repeats() {
        return letters.values().stream().mapToLong(count -> count - 1L).sum();
    }
}
