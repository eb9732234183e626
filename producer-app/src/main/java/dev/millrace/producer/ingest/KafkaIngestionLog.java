package dev.millrace.producer.ingest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.producer.document.Document;
import dev.millrace.producer.publish.TransactionalPublisher;
import dev.millrace.producer.publish.Transactions;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/// The log of an ingestion on Kafka. Documents go to their topic; partition 0 of a compacted topic holds, by the key
/// `<ingestion>`, its [IngestionState], and by `<ingestion> <file>` the cursor of each file.
final class KafkaIngestionLog implements IngestionLog {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final String id;
    private final String topic;
    private final TransactionalPublisher publisher;
    private final Progress progress;

    private KafkaIngestionLog(String id, String topic, TransactionalPublisher publisher, Progress progress) {
        this.id = id;
        this.topic = topic;
        this.publisher = publisher;
        this.progress = progress;
    }

    /// @param id of the ingestion
    /// @param topic of cursors
    /// @throws KafkaException where the cluster does not answer
    /// @throws IllegalStateException where the topic is not there or would forget
    static KafkaIngestionLog open(Transactions transactions, String id, String topic) {
        requireCompacted(transactions.settings(), topic);
        // First the id is taken: from here on nobody else moves these cursors.
        TransactionalPublisher publisher = transactions.open("ingest-" + id);
        try {
            return new KafkaIngestionLog(id, topic, publisher, read(transactions.settings(), id, topic));
        } catch (RuntimeException e) {
            publisher.close();
            throw e;
        }
    }

    private static void requireCompacted(Map<String, Object> settings, String topic) {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        try (Admin admin = Admin.create(Map.copyOf(settings))) {
            Config config = admin.describeConfigs(List.of(resource)).all().get().get(resource);
            String policy = Objects.requireNonNull(config)
                    .get(TopicConfig.CLEANUP_POLICY_CONFIG)
                    .value();
            if (!policy.equals(TopicConfig.CLEANUP_POLICY_COMPACT)) {
                throw new IllegalStateException("topic " + topic + " (millrace.ingest.cursor-topic) has cleanup.policy="
                        + policy + " and would forget how far files are: set it to compact");
            }
        } catch (ExecutionException e) {
            if (e.getCause() instanceof org.apache.kafka.common.errors.UnknownTopicOrPartitionException) {
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

    private static Progress read(Map<String, Object> producerSettings, String id, String topic) {
        Map<Path, FileCursor> cursors = new HashMap<>();
        Totals[] totals = {Totals.NONE};
        TopicPartition partition = new TopicPartition(topic, 0);
        Map<String, Object> settings = new HashMap<>(producerSettings);
        settings.put("client.id", settings.get("client.id") + "-ingest-" + id + "-cursors");
        settings.put("isolation.level", "read_committed");
        settings.put("auto.offset.reset", "earliest");
        settings.put("enable.auto.commit", false);
        try (KafkaConsumer<String, byte[]> consumer =
                new KafkaConsumer<>(settings, new StringDeserializer(), new ByteArrayDeserializer())) {
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            long end = Objects.requireNonNull(
                    consumer.endOffsets(List.of(partition), PATIENCE).get(partition));
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            while (consumer.position(partition, PATIENCE) < end) {
                for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofMillis(200))) {
                    deadline = System.nanoTime() + PATIENCE.toNanos();
                    // One without a value was taken back by hand: it is as if it had never been.
                    if (record.key().equals(id)) {
                        totals[0] = record.value() == null
                                ? Totals.NONE
                                : IngestionState.read(json(record)).totals();
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
                    throw new TimeoutException(partition + " cannot be read to @" + end);
                }
            }
        }
        return new Progress(cursors, totals[0]);
    }

    private static JsonNode json(ConsumerRecord<String, byte[]> record) {
        try {
            return JSON.readTree(record.value());
        } catch (IOException e) {
            throw unreadable(record, e);
        }
    }

    private static IllegalStateException unreadable(ConsumerRecord<String, byte[]> record, IOException cause) {
        return new IllegalStateException(
                record.topic() + "-" + record.partition() + "@" + record.offset() + " is no state of an ingestion: "
                        + cause.getMessage(),
                cause);
    }

    @Override
    public Progress progress() {
        return progress;
    }

    @Override
    public void send(Document document, Consumer<Exception> refused) {
        publisher.send(document, refused);
    }

    @Override
    public void commit(IngestionState state, Collection<FileCursor> moved) {
        for (FileCursor cursor : moved) {
            ObjectNode json = JSON.createObjectNode();
            cursor.write(json);
            publisher.send(record(id + " " + cursor.file(), json));
        }
        ObjectNode json = JSON.createObjectNode();
        state.write(json);
        publisher.send(record(id, json));
        publisher.commit();
    }

    private ProducerRecord<String, byte[]> record(String key, ObjectNode json) {
        try {
            return new ProducerRecord<>(topic, 0, key, JSON.writeValueAsBytes(json));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree can always be written", e);
        }
    }

    @Override
    public void close() {
        publisher.close();
    }
}
