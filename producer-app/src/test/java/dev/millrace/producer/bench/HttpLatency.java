package dev.millrace.producer.bench;

import dev.millrace.testing.TrainerChannel;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/// How long after its request was due a document is given to a consumer like the trainer's: it could be trained then.
/// Clients and consumer are threads of this JVM, and have its clock; the producer is a process of its own.
final class HttpLatency {
    /// Documents of one measurement at most; later ones are sent, and not counted.
    private static final int MOST = 1 << 21;

    private static final Duration PATIENCE = Duration.ofMinutes(1);
    /// This part of the time, the first, is not counted: the consumer has just come.
    private static final int WARMING = 5;

    private final String bootstrapServers;
    private final String topic;
    private final Documents documents;
    private final AtomicLongArray due = new AtomicLongArray(MOST);
    private final AtomicLong counted = new AtomicLong();
    private final AtomicLong expected = new AtomicLong(-1);
    private final CountDownLatch placed = new CountDownLatch(1);

    /// For one measurement.
    ///
    /// @param topic that the producer's documents go to
    HttpLatency(String bootstrapServers, String topic, Documents documents) {
        this.bootstrapServers = bootstrapServers;
        this.topic = topic;
        this.documents = documents;
    }

    Sample measure(HttpLoad load, Duration time) throws IOException, InterruptedException, ExecutionException {
        long first = documents.next() + 1;
        try (ExecutorService thread = Executors.newSingleThreadExecutor()) {
            Future<long[]> latencies = thread.submit(() -> {
                try {
                    return consume(first);
                } finally {
                    placed.countDown();
                }
            });
            placed.await();
            long began = System.nanoTime();
            counted.set(began + time.toNanos() / WARMING);
            HttpLoad.Seen seen = load.run(documents, time, (n, nanos) -> {
                if (n - first < MOST) {
                    due.set((int) (n - first), nanos);
                }
            });
            Duration spent = Duration.ofNanos(System.nanoTime() - began);
            expected.set(seen.documents());
            return new Sample(
                    seen.documents(), seen.documents() * documents.size(), spent, Duration.ZERO, 0, latencies.get());
        }
    }

    /// @param first number of a document of this measurement
    private long[] consume(long first) throws IOException {
        long[] latencies = new long[MOST];
        int measured = 0;
        long seen = 0;
        try (KafkaConsumer<String, byte[]> consumer = new KafkaConsumer<>(
                TrainerChannel.settings(bootstrapServers), new StringDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = consumer.partitionsFor(topic).stream()
                    .map(info -> new TopicPartition(topic, info.partition()))
                    .toList();
            consumer.assign(partitions);
            consumer.seekToEnd(partitions);
            partitions.forEach(consumer::position);
            placed.countDown();
            long last = System.nanoTime();
            while (expected.get() < 0 || seen < expected.get()) {
                for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofMillis(50))) {
                    last = System.nanoTime();
                    seen++;
                    long n = Documents.number(record.key()) - first;
                    if (n < MOST && due.get((int) n) - counted.get() >= 0) {
                        latencies[measured++] = last - due.get((int) n);
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
