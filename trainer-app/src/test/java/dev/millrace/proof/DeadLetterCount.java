package dev.millrace.proof;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
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
record DeadLetterCount(Map<DocumentLog.Place, Integer> letters) {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    /// Reads all that the topic's only partition holds now.
    static DeadLetterCount read(String bootstrapServers, String topic) {
        Map<String, Object> settings =
                Map.of("bootstrap.servers", bootstrapServers, "isolation.level", "read_committed");
        TopicPartition partition = new TopicPartition(topic, 0);
        Map<DocumentLog.Place, Integer> letters = new HashMap<>();
        try (KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            long end = Objects.requireNonNull(
                    consumer.endOffsets(List.of(partition)).get(partition));
            long deadline = System.nanoTime() + LIMIT.toNanos();
            while (consumer.position(partition) < end) {
                if (System.nanoTime() > deadline) {
                    throw new IllegalStateException(topic + " could be read only up to @" + consumer.position(partition)
                            + " of " + end + " within " + LIMIT);
                }
                for (ConsumerRecord<byte[], byte[]> letter : consumer.poll(Duration.ofMillis(200))) {
                    letters.merge(place(letter), 1, Integer::sum);
                }
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

    /// Bad records without a letter.
    Set<DocumentLog.Place> missing(Set<DocumentLog.Place> bad) {
        Set<DocumentLog.Place> missing = new HashSet<>(bad);
        missing.removeAll(letters.keySet());
        return missing;
    }

    /// Letters of records that were good.
    Set<DocumentLog.Place> unfounded(Set<DocumentLog.Place> bad) {
        Set<DocumentLog.Place> unfounded = new HashSet<>(letters.keySet());
        unfounded.removeAll(bad);
        return unfounded;
    }

    /// Letters beyond the first of their record.
    long repeats() {
        return letters.values().stream().mapToLong(count -> count - 1L).sum();
    }
}
