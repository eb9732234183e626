package dev.millrace.producer.ingest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.producer.document.Document;
import dev.millrace.producer.publish.TransactionalPublisher;
import dev.millrace.producer.publish.Transactions;
import java.util.Collection;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;

/// The log of an ingestion on Kafka: documents go to their topic, how far they are to the [StateTopic].
final class KafkaIngestionLog implements IngestionLog {
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
    static Opener opener(Transactions transactions, String id, String topic) {
        return new Opener() {
            @Override
            public IngestionLog open() {
                return KafkaIngestionLog.open(transactions, id, topic);
            }

            @Override
            public Optional<IngestionState> look() {
                return new StateTopic(transactions.settings(), topic).read(id).state();
            }
        };
    }

    /// @throws KafkaException where the cluster does not answer
    /// @throws IllegalStateException where the topic is not there or would forget
    private static KafkaIngestionLog open(Transactions transactions, String id, String topic) {
        StateTopic state = new StateTopic(transactions.settings(), topic);
        state.requireCompacted();
        // First the id is taken: from here on nobody else moves these cursors.
        TransactionalPublisher publisher = transactions.open("ingest-" + id);
        try {
            return new KafkaIngestionLog(id, topic, publisher, state.read(id));
        } catch (RuntimeException e) {
            publisher.close();
            throw e;
        }
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
