package dev.millrace.proof;

import dev.millrace.testing.KafkaMain;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/// How often each bad record is among the dead letters.
///
/// @param end the offset after the last one read
record DeadLetterCount(Map<DocumentLog.Place, Integer> letters, long end) {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    /// Reads what has come to the topic's only partition since `from`.
    static DeadLetterCount read(String bootstrapServers, long from) {
        Map<String, Object> settings =
                Map.of("bootstrap.servers", bootstrapServers, "isolation.level", "read_committed");
        TopicPartition partition = new TopicPartition(KafkaMain.DEAD_LETTERS, 0);
        Map<DocumentLog.Place, Integer> letters = new HashMap<>();
        long end;
        try (KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.assign(List.of(partition));
            consumer.seek(partition, from);
            end = Objects.requireNonNull(consumer.endOffsets(List.of(partition)).get(partition));
            long deadline = System.nanoTime() + LIMIT.toNanos();
            while (consumer.position(partition) < end) {
                if (System.nanoTime() > deadline) {
                    throw new IllegalStateException(partition + " could be read only up to @"
                            + consumer.position(partition) + " of " + end + " within " + LIMIT);
                }
                for (ConsumerRecord<byte[], byte[]> letter : consumer.poll(Duration.ofMillis(200))) {
                    letters.merge(place(letter), 1, Integer::sum);
                }
            }
        }
        return new DeadLetterCount(letters, end);
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
