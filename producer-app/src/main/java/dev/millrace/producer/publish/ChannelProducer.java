package dev.millrace.producer.publish;

import io.smallrye.reactive.messaging.kafka.KafkaClientService;
import io.smallrye.reactive.messaging.kafka.KafkaProducer;
import jakarta.inject.Singleton;
import java.util.Map;
import org.apache.kafka.clients.producer.Producer;

/// The producer of the channel `documents`, and what it was made with. Thread-safe.
@Singleton
class ChannelProducer {
    private final KafkaClientService clients;

    ChannelProducer(KafkaClientService clients) {
        this.clients = clients;
    }

    Producer<String, byte[]> producer() {
        return channel().unwrap();
    }

    /// Its Kafka settings, by name.
    Map<String, ?> settings() {
        return channel().configuration();
    }

    private KafkaProducer<String, byte[]> channel() {
        KafkaProducer<String, byte[]> channel = clients.getProducer(DocumentPublisher.CHANNEL);
        if (channel == null) {
            throw new IllegalStateException("the channel " + DocumentPublisher.CHANNEL + " has not started yet");
        }
        return channel;
    }
}
