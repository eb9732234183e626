package dev.millrace.producer.publish;

import io.smallrye.reactive.messaging.kafka.KafkaClientService;
import io.smallrye.reactive.messaging.kafka.KafkaProducer;
import jakarta.inject.Singleton;
import java.util.Map;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.Metric;
import org.jspecify.annotations.Nullable;

/// The producer of the channel `documents`, and what it was made with. Thread-safe.
@Singleton
class ChannelProducer {
    private final KafkaClientService clients;
    /// Asked for once; both live as long as the application.
    private volatile @Nullable Producer<String, byte[]> producer;

    private volatile @Nullable Metric freeBytes;

    ChannelProducer(KafkaClientService clients) {
        this.clients = clients;
    }

    Producer<String, byte[]> producer() {
        Producer<String, byte[]> known = producer;
        if (known == null) {
            known = channel().unwrap();
            producer = known;
        }
        return known;
    }

    /// What is left of `buffer.memory`.
    long freeBytes() {
        Metric known = freeBytes;
        if (known == null) {
            known = producer().metrics().values().stream()
                    .filter(each -> each.metricName().name().equals("buffer-available-bytes"))
                    .findFirst()
                    .orElseThrow(() -> new IllegalStateException("the producer tells no buffer-available-bytes"));
            freeBytes = known;
        }
        return ((Number) known.metricValue()).longValue();
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
