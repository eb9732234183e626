package dev.millrace.producer.ingest;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.producer.publish.Transactions;
import java.io.IOException;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.WakeupException;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// How all ingestions of the cluster stand: follows the state topic, from its beginning, on a thread of its own.
///
/// Holds the latest [#MOST]. Thread-safe.
final class IngestionBoard implements AutoCloseable {
    private static final Logger LOG = Logger.getLogger(IngestionBoard.class);
    private static final int MOST = 10_000;
    private static final Duration POLL = Duration.ofSeconds(1);
    private static final Duration RETRY = Duration.ofSeconds(5);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Transactions transactions;
    private final String topic;
    private final Map<String, IngestionState> states = Collections.synchronizedMap(new LinkedHashMap<>());
    private volatile boolean closed;
    private volatile @Nullable KafkaConsumer<String, byte[]> consumer;

    IngestionBoard(Transactions transactions, String topic) {
        this.transactions = transactions;
        this.topic = topic;
    }

    /// The state of one, as far as it is known here.
    Optional<IngestionState> state(String id) {
        return Optional.ofNullable(states.get(id));
    }

    /// All that are known, in the order in which they last changed.
    Map<String, IngestionState> all() {
        synchronized (states) {
            return new LinkedHashMap<>(states);
        }
    }

    /// Follows until it is closed. A cluster that is away is waited for.
    void follow() {
        while (!closed) {
            try {
                read();
            } catch (WakeupException e) {
                return;
            } catch (KafkaException e) {
                LOG.warnf("cannot follow topic %s (millrace.ingest.cursor-topic): %s", topic, e.getMessage());
                pause();
            }
        }
    }

    private void pause() {
        try {
            Thread.sleep(RETRY);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            closed = true;
        }
    }

    private void read() {
        TopicPartition partition = new TopicPartition(topic, 0);
        try (KafkaConsumer<String, byte[]> reader =
                new StateTopic(transactions.settings(), topic).consumer("ingestions", Map.of())) {
            consumer = reader;
            reader.assign(List.of(partition));
            reader.seekToBeginning(List.of(partition));
            while (!closed) {
                reader.poll(POLL).forEach(this::take);
            }
        } finally {
            consumer = null;
        }
    }

    private void take(ConsumerRecord<String, byte[]> record) {
        if (record.key() == null || record.key().contains(" ")) {
            return;
        }
        if (record.value() == null) {
            states.remove(record.key());
            return;
        }
        try {
            IngestionState state = IngestionState.read(JSON.readTree(record.value()));
            synchronized (states) {
                states.remove(record.key());
                states.put(record.key(), state);
                if (states.size() > MOST) {
                    states.remove(states.keySet().iterator().next());
                }
            }
        } catch (IOException | RuntimeException e) {
            LOG.warnf(
                    "%s-%d@%d is no state of an ingestion and is passed by: %s",
                    record.topic(), record.partition(), record.offset(), e.getMessage());
        }
    }

    @Override
    public void close() {
        closed = true;
        KafkaConsumer<String, byte[]> reading = consumer;
        if (reading != null) {
            reading.wakeup();
        }
    }
}
