package dev.millrace.producer.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/// How long after it was sent a record is given to a consumer of committed records, as the trainer's is, at a rate of
/// records. Both are threads of this JVM, and have its clock.
///
/// @param topic that holds nothing yet
record ConsumeLatency(String bootstrapServers, String topic) {
    private static final String SENT = "sent";
    private static final int EVERY = 8;
    private static final int MOST = 1 << 20;
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    Sample measure(Documents documents, double rate, Duration time)
            throws IOException, InterruptedException, ExecutionException {
        AtomicLong acknowledged = new AtomicLong();
        AtomicLong expected = new AtomicLong(-1);
        try (ExecutorService thread = Executors.newSingleThreadExecutor()) {
            Future<long[]> latencies = thread.submit(() -> consume(expected));
            long began = System.nanoTime();
            long records = 0;
            try (KafkaProducer<String, byte[]> producer = new KafkaProducer<>(
                    new RawClient(bootstrapServers, topic, Map.of()).settings(),
                    new StringSerializer(),
                    new ByteArraySerializer())) {
                while (System.nanoTime() - began < time.toNanos()) {
                    long due = (long) (rate * (System.nanoTime() - began) / 1e9);
                    for (; records < due; records++) {
                        ProducerRecord<String, byte[]> record = RawClient.record(topic, documents, records);
                        record.headers()
                                .add(
                                        SENT,
                                        ByteBuffer.allocate(Long.BYTES)
                                                .putLong(0, System.nanoTime())
                                                .array());
                        var _ = producer.send(record, (_, error) -> {
                            if (error == null) {
                                acknowledged.incrementAndGet();
                            }
                        });
                    }
                    Thread.sleep(1);
                }
                producer.flush();
            }
            expected.set(acknowledged.get());
            return new Sample(
                    records,
                    records * Documents.SIZE,
                    Duration.ofNanos(System.nanoTime() - began),
                    Duration.ZERO,
                    0,
                    latencies.get());
        }
    }

    /// @param expected how many there are at least; below zero while more come
    private long[] consume(AtomicLong expected) throws IOException {
        long[] latencies = new long[MOST];
        int measured = 0;
        long seen = 0;
        Map<String, Object> settings = Map.of(
                "bootstrap.servers",
                bootstrapServers,
                "isolation.level",
                "read_committed",
                "auto.offset.reset",
                "earliest");
        try (KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = consumer.partitionsFor(topic).stream()
                    .map(info -> new TopicPartition(topic, info.partition()))
                    .toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            long last = System.nanoTime();
            while (expected.get() < 0 || seen < expected.get()) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
                    last = System.nanoTime();
                    if (seen++ % EVERY == 0 && measured < MOST) {
                        byte[] stamp = Objects.requireNonNull(record.headers().lastHeader(SENT))
                                .value();
                        latencies[measured++] = last - ByteBuffer.wrap(stamp).getLong();
                    }
                }
                if (System.nanoTime() - last > PATIENCE.toNanos()) {
                    throw new IOException("only " + seen + " of " + expected + " records came");
                }
            }
        }
        return Arrays.copyOf(latencies, measured);
    }
}
