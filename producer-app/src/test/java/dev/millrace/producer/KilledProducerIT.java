package dev.millrace.producer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.testing.AppProcess;
import dev.millrace.testing.EmbeddedKafka;
import dev.millrace.testing.KafkaMain;
import dev.millrace.testing.RawRequest;
import dev.millrace.testing.TopicLog;
import java.io.IOException;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A packaged producer that is killed (SIGKILL) while it takes a stream.
class KilledProducerIT {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final String PATH = "/v1/documents";
    private static final int CHUNK = 100;
    private static final int MOST_CHUNKS = 1_000;
    private static final Pattern DELIVERED = Pattern.compile(
            "\"id\":\"(\\d+)\",\"status\":\"delivered\",\"topic\":\"[^\"]*\",\"partition\":(\\d+),\"offset\":(\\d+),");

    @TempDir
    Path directory;

    private record Place(int partition, long offset) {}

    @Test
    void whatWasAcknowledgedIsOnTheLogInItsOrderAndARetryAddsOneCopyAtMost() throws Exception {
        try (EmbeddedKafka kafka = EmbeddedKafka.start(1, directory)) {
            kafka.createTopic(KafkaMain.DOCUMENTS, 2);
            KafkaMain.createIngestions(kafka);

            // Given
            AtomicInteger sent = new AtomicInteger();
            Map<Place, String> acknowledged;
            try (AppProcess producer = start(kafka)) {
                acknowledged = killedInMidStream(producer, sent);
            }
            List<ConsumerRecord<byte[], byte[]>> before = TopicLog.read(kafka.bootstrapServers(), KafkaMain.DOCUMENTS);

            // When
            String first;
            String second;
            try (AppProcess next = start(kafka)) {
                first = summary(next, sent.get());
                second = summary(next, sent.get());
            }

            // Then
            assertThat(acknowledged).hasSizeGreaterThan(CHUNK);
            assertThat(before).hasSizeLessThan(sent.get());
            Map<Place, String> log = new HashMap<>();
            before.forEach(record -> log.put(new Place(record.partition(), record.offset()), key(record)));
            assertThat(log).containsAllEntriesOf(acknowledged);
            for (int partition = 0; partition < 2; partition++) {
                int wanted = partition;
                assertThat(before.stream()
                                .filter(record -> record.partition() == wanted)
                                .map(record -> Integer.parseInt(key(record))))
                        .isSorted()
                        .doesNotHaveDuplicates();
            }
            // The second time they have the answers of the first.
            assertThat(List.of(first, second))
                    .allMatch(summary -> summary.contains("\"delivered\":" + sent.get() + ","));
            assertThat(TopicLog.size(kafka.bootstrapServers(), KafkaMain.DOCUMENTS))
                    .isEqualTo(before.size() + sent.get());
        }
    }

    /// What a client has heard of when the producer is gone.
    private static Map<Place, String> killedInMidStream(AppProcess producer, AtomicInteger sent) throws Exception {
        StringBuilder reports = new StringBuilder();
        try (RawRequest stream = RawRequest.stream(producer.port(), PATH)) {
            CompletableFuture<Void> writer = CompletableFuture.runAsync(() -> write(stream, sent));
            reports.append(stream.readUntil("\"id\":\"" + 10 * CHUNK + "\""));
            producer.kill();
            try {
                reports.append(stream.readToEnd());
            } catch (SocketException e) {
                // The connection went with the process.
            }
            writer.join();
        }
        Map<Place, String> acknowledged = new HashMap<>();
        Matcher each = DELIVERED.matcher(reports);
        while (each.find()) {
            acknowledged.put(new Place(Integer.parseInt(each.group(2)), Long.parseLong(each.group(3))), each.group(1));
        }
        return acknowledged;
    }

    private static void write(RawRequest stream, AtomicInteger sent) {
        try {
            for (int i = 0; i < MOST_CHUNKS; i++) {
                int from = sent.getAndAdd(CHUNK);
                stream.chunk(documents(from, from + CHUNK));
            }
        } catch (IOException e) {
            // It was killed, which is what this waits for.
        }
    }

    private String summary(AppProcess producer, int documents) throws IOException {
        try (RawRequest stream = RawRequest.stream(producer.port(), PATH + "?report=summary")) {
            for (int from = 0; from < documents; from += CHUNK) {
                stream.chunk(documents(from, from + CHUNK));
            }
            stream.lastChunk();
            return stream.readUntil("}}");
        }
    }

    private static String documents(int from, int to) {
        return IntStream.range(from, to)
                .mapToObj(id -> "{\"id\":\"" + id + "\",\"text\":\"" + "word ".repeat(40) + id + "\"}\n")
                .collect(Collectors.joining());
    }

    private AppProcess start(EmbeddedKafka kafka) throws IOException, InterruptedException {
        AppProcess producer = AppProcess.start(
                Path.of("."),
                Map.of(
                        "kafka.bootstrap.servers",
                        kafka.bootstrapServers(),
                        "millrace.publish.retry-window",
                        Integer.toString(CHUNK * MOST_CHUNKS)),
                Map.of(),
                directory.resolve("producer.log"));
        producer.awaitOk("/q/health/ready", LIMIT);
        return producer;
    }

    private static String key(ConsumerRecord<byte[], byte[]> record) {
        return new String(record.key(), StandardCharsets.UTF_8);
    }
}
