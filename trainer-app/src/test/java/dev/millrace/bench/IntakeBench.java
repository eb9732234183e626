package dev.millrace.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import com.sun.management.ThreadMXBean;
import dev.millrace.testing.BrokerProcess;
import dev.millrace.testing.KafkaMain;
import dev.millrace.testing.TrainerChannel;
import dev.millrace.trainer.intake.Decoded;
import dev.millrace.trainer.intake.DocumentDecoder;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/// How fast documents of about 4 KiB come from a broker into the trainer: polled as its channel polls, and decoded. The
/// broker is a process of its own, on the same cores; the documents are pieces of the sources of this project.
final class IntakeBench {
    private static final int PIECE = 4_000;
    private static final int MAX_RECORD = 8 << 20;
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final ObjectMapper JSON = new ObjectMapper();

    private IntakeBench() {}

    /// What was measured.
    ///
    /// @param cpuSPerMillion of the thread that polls and decodes
    /// @param decodedPerS what decoding alone would do, on one core
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    record Rate(
            long records,
            double bytesPerRecord,
            double recordsPerS,
            double mbPerS,
            double cpuSPerMillion,
            double decodedPerS) {
        String line() {
            return String.format(
                    Locale.ROOT,
                    "intake, %,d documents of %,.0f bytes: %,.0f records/s, %.0f MB/s polled and decoded by one thread,"
                            + " %.1f CPU s a million; decoding alone %,.0f records/s",
                    records,
                    bytesPerRecord,
                    recordsPerS,
                    mbPerS,
                    cpuSPerMillion,
                    decodedPerS);
        }
    }

    /// Fills a topic, measures, and writes `intake.json`.
    ///
    /// @param records on the topic, which is read from its beginning again and again
    /// @param seconds at least; the first reading is not counted
    static Rate run(Path directory, List<String> texts, int records, double seconds)
            throws IOException, InterruptedException {
        Files.createDirectories(directory);
        try (BrokerProcess broker = BrokerProcess.start(Files.createTempDirectory(directory, "intake-"))) {
            fill(broker.bootstrapServers(), pieces(texts), records);
            Rate rate = read(broker.bootstrapServers(), records, seconds);
            JSON.writerWithDefaultPrettyPrinter()
                    .writeValue(directory.resolve("intake.json").toFile(), rate);
            return rate;
        }
    }

    private static List<String> pieces(List<String> texts) {
        List<String> pieces = new ArrayList<>();
        String all = String.join("\n", texts);
        for (int at = 0; at + PIECE <= all.length(); at += PIECE) {
            pieces.add(all.substring(at, at + PIECE));
        }
        return pieces;
    }

    private static void fill(String bootstrapServers, List<String> pieces, int records) throws IOException {
        List<byte[]> values = new ArrayList<>();
        for (String piece : pieces) {
            values.add(JSON.writeValueAsBytes(Map.of("text", piece)));
        }
        Map<String, Object> settings =
                Map.of("bootstrap.servers", bootstrapServers, "compression.type", "zstd", "batch.size", 1 << 18);
        try (KafkaProducer<byte[], byte[]> producer =
                new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
            for (int n = 0; n < records; n++) {
                ProducerRecord<byte[], byte[]> record = new ProducerRecord<>(
                        KafkaMain.DOCUMENTS,
                        ("document-" + n).getBytes(StandardCharsets.US_ASCII),
                        values.get(n % values.size()));
                record.headers().add("content-type", "application/json".getBytes(StandardCharsets.US_ASCII));
                var _ = producer.send(record);
            }
        }
    }

    private static Rate read(String bootstrapServers, int records, double seconds) {
        DocumentDecoder decoder = new DocumentDecoder(MAX_RECORD);
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(
                TrainerChannel.settings(bootstrapServers), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.assign(consumer.partitionsFor(KafkaMain.DOCUMENTS).stream()
                    .map(info -> new TopicPartition(info.topic(), info.partition()))
                    .toList());
            new Reading(consumer, decoder).round(records);
            Reading reading = new Reading(consumer, decoder);
            long began = System.nanoTime();
            long cpu = THREADS.getCurrentThreadCpuTime();
            do {
                reading.round(records);
            } while (System.nanoTime() - began < seconds * 1e9);
            double spent = (System.nanoTime() - began) / 1e9;
            double used = (THREADS.getCurrentThreadCpuTime() - cpu) / 1e9;
            return new Rate(
                    reading.records,
                    (double) reading.bytes / reading.records,
                    reading.records / spent,
                    reading.bytes / 1e6 / spent,
                    used / reading.records * 1e6,
                    reading.records * 1e9 / reading.decodingNanos);
        }
    }

    private static final class Reading {
        private final KafkaConsumer<byte[], byte[]> consumer;
        private final DocumentDecoder decoder;
        private long records;
        private long bytes;
        private long decodingNanos;

        Reading(KafkaConsumer<byte[], byte[]> consumer, DocumentDecoder decoder) {
            this.consumer = consumer;
            this.decoder = decoder;
        }

        void round(int size) {
            consumer.seekToBeginning(consumer.assignment());
            for (long end = records + size; records < end; ) {
                ConsumerRecords<byte[], byte[]> polled = consumer.poll(Duration.ofMillis(50));
                long began = THREADS.getCurrentThreadCpuTime();
                for (ConsumerRecord<byte[], byte[]> record : polled) {
                    if (!(decoder.decode(record) instanceof Decoded.Usable)) {
                        throw new IllegalStateException("no document at offset " + record.offset());
                    }
                    bytes += record.value().length;
                }
                decodingNanos += THREADS.getCurrentThreadCpuTime() - began;
                records += polled.count();
            }
        }
    }
}
