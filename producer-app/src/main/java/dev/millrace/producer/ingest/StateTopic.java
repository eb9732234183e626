package dev.millrace.producer.ingest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.jspecify.annotations.Nullable;

/// What lies on the topic that says how far ingestions are: partition 0 of a compacted topic holds, by the key
/// `<ingestion>`, its [IngestionState], and by `<ingestion> <file>` the cursor of each file.
///
/// @param settings how to reach the cluster, as a producer has them
/// @param topic its name
record StateTopic(Map<String, Object> settings, String topic) {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    /// Within which the cluster answers a question, or is away: a caller waits.
    private static final Duration ANSWER = Duration.ofSeconds(10);
    private static final Duration FETCH = Duration.ofMillis(20);
    private static final ObjectMapper JSON = new ObjectMapper();

    /// @throws KafkaException where the cluster does not answer
    /// @throws IllegalStateException where the topic is not there or would forget
    void requireCompacted() {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        try (Admin admin = admin()) {
            Config config = get(admin.describeConfigs(List.of(resource)).all()).get(resource);
            String policy = Objects.requireNonNull(config)
                    .get(TopicConfig.CLEANUP_POLICY_CONFIG)
                    .value();
            if (!policy.equals(TopicConfig.CLEANUP_POLICY_COMPACT)) {
                throw new IllegalStateException("topic " + topic + " (millrace.ingest.cursor-topic) has cleanup.policy="
                        + policy + " and would forget how far files are: set it to compact");
            }
        }
    }

    /// What was committed of an ingestion up to now.
    ///
    /// Up to the topic's very end: a transaction of another ingestion that is still open, its process killed say,
    /// hides all that lies behind it, our own newest cursors too. That is waited for, up to [#PATIENCE]: to take
    /// those before for the last would put documents on the log again.
    ///
    /// @throws KafkaException where the cluster does not answer, or what is hidden stays hidden
    IngestionLog.Progress read(String id) {
        Map<Path, FileCursor> cursors = new HashMap<>();
        @Nullable IngestionState state = null;
        TopicPartition partition = new TopicPartition(topic, 0);
        long end = end(partition);
        // The fetch behind the end, which holds nothing, is under way at the close, and that waits for it.
        Map<String, Object> brief = Map.of("fetch.max.wait.ms", (int) FETCH.toMillis());
        try (KafkaConsumer<String, byte[]> consumer = consumer("ingest-" + id + "-cursors", brief)) {
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            while (consumer.position(partition, PATIENCE) < end) {
                for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofMillis(200))) {
                    deadline = System.nanoTime() + PATIENCE.toNanos();
                    // One without a value was taken back by hand: it is as if it had never been.
                    if (record.key().equals(id)) {
                        state = record.value() == null ? null : IngestionState.read(json(record));
                    } else if (record.key().startsWith(id + " ")) {
                        Path file = Path.of(record.key().substring(id.length() + 1));
                        if (record.value() == null) {
                            cursors.remove(file);
                        } else {
                            cursors.put(file, FileCursor.read(json(record)));
                        }
                    }
                }
                if (System.nanoTime() > deadline) {
                    throw new TimeoutException(
                            partition + " cannot be read to @" + end + " but to @"
                                    + consumer.position(partition)
                                    + ": the broker is slow, or a transaction is open there, for transaction.timeout.ms at most");
                }
            }
        }
        return new IngestionLog.Progress(cursors, Optional.ofNullable(state));
    }

    /// A reader of what was committed.
    ///
    /// @param name of the client, after the producer's
    /// @param more settings of its own
    KafkaConsumer<String, byte[]> consumer(String name, Map<String, Object> more) {
        Map<String, Object> reader = new HashMap<>(settings);
        reader.putAll(more);
        reader.put("client.id", settings.get("client.id") + "-" + name);
        reader.put("isolation.level", "read_committed");
        reader.put("auto.offset.reset", "earliest");
        reader.put("enable.auto.commit", false);
        return new KafkaConsumer<>(reader, new StringDeserializer(), new ByteArrayDeserializer());
    }

    private long end(TopicPartition partition) {
        try (Admin admin = admin()) {
            return get(admin.listOffsets(Map.of(partition, OffsetSpec.latest())).partitionResult(partition))
                    .offset();
        }
    }

    private Admin admin() {
        Map<String, Object> asking = new HashMap<>(settings);
        asking.put("default.api.timeout.ms", (int) ANSWER.toMillis());
        return Admin.create(asking);
    }

    private <T> T get(KafkaFuture<T> answer) {
        try {
            return answer.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof UnknownTopicOrPartitionException) {
                throw new IllegalStateException(
                        "topic " + topic + " (millrace.ingest.cursor-topic) does not exist: create it with one"
                                + " partition and cleanup.policy=compact",
                        e);
            }
            throw new KafkaException("cannot look at topic " + topic + ": " + e.getCause(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new org.apache.kafka.common.errors.InterruptException(e);
        }
    }

    private static JsonNode json(ConsumerRecord<String, byte[]> record) {
        try {
            return JSON.readTree(record.value());
        } catch (IOException e) {
            throw new IllegalStateException(
                    record.topic() + "-" + record.partition() + "@" + record.offset() + " is no state of an ingestion: "
                            + e.getMessage(),
                    e);
        }
    }
}
