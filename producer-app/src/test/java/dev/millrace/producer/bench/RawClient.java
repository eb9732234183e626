package dev.millrace.producer.bench;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/// Kafka's own producer with the very settings of the channel, on the thread of the caller, and with records as the app
/// makes them, key, headers and all, but nothing read, checked or hashed for it: what cannot be beaten.
final class RawClient {
    private static final String CHANNEL = "mp.messaging.outgoing.documents.";
    private static final int MOST_LATENCIES = 1 << 20;
    private static final int EVERY = 16;

    private final String bootstrapServers;
    private final String topic;
    private final Map<String, ?> changed;

    /// @param changed settings that are not those of the channel
    RawClient(String bootstrapServers, String topic, Map<String, ?> changed) {
        this.bootstrapServers = bootstrapServers;
        this.topic = topic;
        this.changed = changed;
    }

    /// @param wireBytes that left the client, all requests together
    record Outcome(Sample sample, long wireBytes) {}

    Outcome run(Documents documents, Duration time) throws IOException {
        AtomicLong acknowledged = new AtomicLong();
        long[] latencies = new long[MOST_LATENCIES];
        AtomicInteger measured = new AtomicInteger();
        Duration cpu = cpu();
        long began = System.nanoTime();
        long wireBytes;
        try (KafkaProducer<String, byte[]> producer =
                new KafkaProducer<>(settings(), new StringSerializer(), new ByteArraySerializer())) {
            for (long n = 0; System.nanoTime() - began < time.toNanos(); n++) {
                long sent = System.nanoTime();
                boolean sampled = n % EVERY == 0;
                var _ = producer.send(record(topic, documents, n), (_, error) -> {
                    if (error == null) {
                        acknowledged.incrementAndGet();
                        if (sampled) {
                            int index = measured.getAndIncrement();
                            if (index < MOST_LATENCIES) {
                                latencies[index] = System.nanoTime() - sent;
                            }
                        }
                    }
                });
            }
            producer.flush();
            wireBytes = wireBytes(producer);
        }
        return new Outcome(
                new Sample(
                        acknowledged.get(),
                        acknowledged.get() * documents.size(),
                        Duration.ofNanos(System.nanoTime() - began),
                        cpu().minus(cpu),
                        0,
                        Arrays.copyOf(latencies, Math.min(measured.get(), MOST_LATENCIES))),
                wireBytes);
    }

    private static long wireBytes(KafkaProducer<String, byte[]> producer) {
        return producer.metrics().values().stream()
                .filter(each -> each.metricName().name().equals("outgoing-byte-total")
                        && each.metricName().group().equals("producer-metrics"))
                .mapToLong(each -> ((Number) each.metricValue()).longValue())
                .sum();
    }

    static ProducerRecord<String, byte[]> record(String topic, Documents documents, long n) {
        ProducerRecord<String, byte[]> record = new ProducerRecord<>(topic, Documents.key(n), documents.get(n));
        record.headers().add("content-type", "application/json".getBytes(StandardCharsets.US_ASCII));
        record.headers().add("sha256", documents.hash(n));
        record.headers().add("id", Documents.key(n).getBytes(StandardCharsets.US_ASCII));
        return record;
    }

    /// What `application.properties` of the app says of its channel, less what is the connector's.
    Map<String, Object> settings() throws IOException {
        Properties properties = new Properties();
        try (InputStream in = Objects.requireNonNull(RawClient.class.getResourceAsStream("/application.properties"))) {
            properties.load(in);
        }
        Map<String, Object> settings = new HashMap<>();
        for (String name : properties.stringPropertyNames()) {
            String key = name.startsWith(CHANNEL) ? name.substring(CHANNEL.length()) : "";
            if (key.contains(".") && !key.endsWith("serializer")) {
                settings.put(key, properties.getProperty(name));
            }
        }
        settings.put("acks", "all");
        settings.put("bootstrap.servers", bootstrapServers);
        settings.put("max.block.ms", 60_000);
        settings.putAll(changed);
        return settings;
    }

    private static Duration cpu() {
        return ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO);
    }
}
