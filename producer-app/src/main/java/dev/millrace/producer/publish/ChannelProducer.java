package dev.millrace.producer.publish;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.kafka.KafkaClientMetrics;
import io.quarkus.runtime.StartupEvent;
import io.smallrye.reactive.messaging.kafka.KafkaClientService;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/// The producer of the channel `documents`, and what it is made with. Where it can send no more, one like it takes its
/// place. Thread-safe.
@Singleton
class ChannelProducer {
    private static final String SETTINGS = "mp.messaging.outgoing." + DocumentPublisher.CHANNEL + ".*";

    /// It waits for no broker: for the names of some, and for files of keys.
    private static final Duration MAKING = Duration.ofSeconds(30);

    private final KafkaClientService clients;
    private final MeterRegistry registry;
    private final Outlet outlet = new Outlet(this::make, System::nanoTime);

    ChannelProducer(KafkaClientService clients, MeterRegistry registry) {
        this.clients = clients;
        this.registry = registry;
        FunctionCounter.builder("millrace.producer.renewals", outlet, Outlet::renewals)
                .description("Producers of Kafka that were made because the one before could send no more")
                .register(registry);
    }

    /// The producer is made later, see [#make]; what is wrong with its settings is said at once.
    void check(@Observes StartupEvent event) {
        try {
            var _ = new ProducerConfig(settings());
        } catch (ConfigException e) {
            throw new IllegalStateException(SETTINGS + ", kafka.*: " + e.getMessage(), e);
        }
    }

    Outlet outlet() {
        return outlet;
    }

    /// Its Kafka settings, by name.
    Map<String, Object> settings() {
        return new HashMap<>(channel().configuration());
    }

    /// The channel is lazy: a producer asks for its id as soon as it is made, and where it is not let in, never again.
    /// So it is made when the cluster has let in [BrokerCheck].
    ///
    /// @param number 1 is the channel's own
    private Producer<String, byte[]> make(int number) {
        if (number == 1) {
            return channel()
                    .runOnSendingThread(Function.<Producer<String, byte[]>>identity())
                    .await()
                    .atMost(MAKING);
        }
        Map<String, Object> settings = settings();
        // Of two clients with one name, the end of the first would take the metrics of the second away.
        settings.put("client.id", settings.get("client.id") + "-" + number);
        return new Metered(settings, registry);
    }

    private io.smallrye.reactive.messaging.kafka.KafkaProducer<String, byte[]> channel() {
        io.smallrye.reactive.messaging.kafka.KafkaProducer<String, byte[]> channel =
                clients.getProducer(DocumentPublisher.CHANNEL);
        if (channel == null) {
            throw new IllegalStateException("the channel " + DocumentPublisher.CHANNEL + " has not started yet");
        }
        return channel;
    }

    @PreDestroy
    void close() {
        outlet.close();
    }

    /// Quarkus does this for the channel's own.
    private static final class Metered extends KafkaProducer<String, byte[]> {
        private final KafkaClientMetrics metrics = new KafkaClientMetrics(this);

        private Metered(Map<String, Object> settings, MeterRegistry registry) {
            super(settings, new StringSerializer(), new ByteArraySerializer());
            metrics.bindTo(registry);
        }

        @Override
        public void close(Duration limit) {
            metrics.close();
            super.close(limit);
        }
    }
}
