package dev.millrace.producer.publish;

import jakarta.inject.Singleton;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.eclipse.microprofile.config.Config;

/// Opens transactional publishers: each is a producer of its own, made like that of the channel `documents`.
/// Thread-safe.
@Singleton
public final class Transactions {
    private final ChannelProducer channel;
    private final String topic;

    Transactions(ChannelProducer channel, Config settings) {
        this.channel = channel;
        this.topic = DocumentPublisher.topic(settings);
    }

    /// Opens the publisher of an id, takes the id from any other that holds it, and rolls back what that one left
    /// open.
    ///
    /// @param id becomes the `transactional.id`, after `millrace-`
    /// @throws KafkaException where the cluster cannot be reached or does not allow it
    public TransactionalPublisher open(String id) {
        Map<String, Object> settings = settings();
        settings.put("transactional.id", "millrace-" + id);
        settings.put("client.id", settings.get("client.id") + "-" + id);
        // A full buffer is what holds the reader of a file back: nothing else waits for it.
        settings.put("max.block.ms", 60_000);
        Producer<String, byte[]> producer =
                new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer());
        try {
            producer.initTransactions();
            return new TransactionalPublisher(producer, topic);
        } catch (KafkaException e) {
            producer.close(java.time.Duration.ZERO);
            throw e;
        }
    }

    /// Settings of a client of the same cluster, with the same security.
    public Map<String, Object> settings() {
        return channel.settings();
    }
}
