package dev.millrace.producer.publish;

import dev.millrace.producer.document.Document;
import java.time.Duration;
import java.util.function.Consumer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;

/// Documents and the state that says how far they are, in one Kafka transaction after another: a reader of committed
/// records sees both or neither.
///
/// Whatever throws [KafkaException] leaves a publisher that can only be closed. The next one of the same
/// `transactional.id` rolls back what this one left open, and what it committed stays: which of both it was is read
/// from the state topic. One thread at a time.
public final class TransactionalPublisher implements AutoCloseable {
    private final Producer<String, byte[]> producer;
    private final String topic;
    private boolean open;

    TransactionalPublisher(Producer<String, byte[]> producer, String topic) {
        this.producer = producer;
        this.topic = topic;
    }

    /// Puts a document into the transaction. Waits where the producer's buffer is full.
    ///
    /// @param refused told, on a thread of the producer's, where the broker does not take it; the commit
    ///     then throws
    public void send(Document document, Consumer<Exception> refused) {
        begin();
        var _ = producer.send(RecordForm.of(topic, document), (_, error) -> {
            if (error != null) {
                refused.accept(error);
            }
        });
    }

    /// Puts a record of state into the transaction.
    public void send(ProducerRecord<String, byte[]> state) {
        begin();
        var _ = producer.send(state, (_, error) -> {
            // The commit throws what this one says.
        });
    }

    private void begin() {
        if (!open) {
            producer.beginTransaction();
            open = true;
        }
    }

    /// Waits until everything since the last commit is on the log, and makes it visible.
    ///
    /// @throws KafkaException where it is not, or where that is not known
    public void commit() {
        if (open) {
            producer.commitTransaction();
            open = false;
        }
    }

    /// What was not committed is rolled back, at the latest when the next publisher of this id is opened.
    @Override
    public void close() {
        try {
            if (open) {
                producer.abortTransaction();
            }
        } catch (KafkaException e) {
            // The next owner of the id, or the coordinator after transaction.timeout.ms, rolls back.
            open = false;
        } finally {
            producer.close(Duration.ZERO);
        }
    }
}
