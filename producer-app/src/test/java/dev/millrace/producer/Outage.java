package dev.millrace.producer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.testing.AppProcess;
import dev.millrace.testing.EmbeddedKafka;
import dev.millrace.testing.KafkaMain;
import dev.millrace.testing.TopicLog;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/// Fifty clients, and a broker that goes away and comes back: what they were told, held against the log.
///
/// `./mvnw -Pprove` lets it be away for minutes, a test for as long as it takes to be noticed.
final class Outage {
    /// That are to be delivered.
    private static final int DOCUMENTS = 100_000;

    private static final Duration LIMIT = Duration.ofMinutes(3);
    private static final int CLIENTS = 50;
    private static final int A_REQUEST = 50;

    private final Path module;
    private final Path directory;
    private final Duration away;
    private final AtomicLong delivered = new AtomicLong();
    private final AtomicInteger refused = new AtomicInteger();

    /// What a client was told of one of its documents.
    private record Told(int client, int number, String status, int partition, long offset) {
        String text() {
            return client + "/" + number;
        }
    }

    /// @param away how long the broker is away at least
    Outage(Path module, Path directory, Duration away) {
        this.module = module;
        this.directory = directory;
        this.away = away;
    }

    /// @param arguments the module whose packaged app is tried, seconds without a broker
    public static void main(String[] arguments) throws Exception {
        Path module = Path.of(arguments[0]);
        Path work = Files.createTempDirectory(Files.createDirectories(module.resolve("target/outage")), "work-");
        Duration away = Duration.ofSeconds(Long.parseLong(arguments[1]));
        Outage outage = new Outage(module, work, away);
        outage.run();
        System.out.printf(
                "%,d documents delivered to 50 clients around %d s without a broker, and %,d requests refused with 503:"
                        + " none lost, none twice%n",
                outage.delivered.get(), away.toSeconds(), outage.refused.get());
    }

    /// @throws AssertionError where a document is lost, there twice, or out of order
    void run() throws Exception {
        try (EmbeddedKafka kafka = EmbeddedKafka.start(1, directory)) {
            kafka.createTopic(KafkaMain.DOCUMENTS, 4);
            KafkaMain.createIngestions(kafka);
            // The id of a document is its key: those of a client share one, so that their order can be seen.
            Map<String, String> settings =
                    Map.of("kafka.bootstrap.servers", kafka.bootstrapServers(), "millrace.publish.retry-window", "0");
            try (AppProcess producer = AppProcess.start(module, settings, Map.of(), directory.resolve("producer.log"));
                    ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
                    HttpClient http = HttpClient.newHttpClient()) {
                producer.awaitOk("/q/health/ready", LIMIT);
                List<Future<List<Told>>> clients = new ArrayList<>();
                for (int i = 0; i < CLIENTS; i++) {
                    clients.add(threads.submit(client(i, http, producer.port())));
                }
                await().atMost(LIMIT).until(() -> delivered.get() >= DOCUMENTS / 4);
                kafka.stopNode(1);
                staysUpWithoutBroker(producer);
                kafka.startNode(1);
                List<Told> told = new ArrayList<>();
                for (Future<List<Told>> client : clients) {
                    told.addAll(client.get());
                }
                producer.awaitOk("/q/health/ready", LIMIT);
                assertThat(producer.terminate(LIMIT)).as(producer.log()).isZero();

                verify(told, TopicLog.read(kafka.bootstrapServers(), KafkaMain.DOCUMENTS));
            }
        }
    }

    /// All clients are refused, over and over, and the probes say that the producer lives and takes nothing.
    private void staysUpWithoutBroker(AppProcess producer) throws Exception {
        long until = System.nanoTime() + away.toNanos();
        producer.awaitStatus("/q/health/ready", 503, LIMIT);
        await().atMost(LIMIT).until(() -> refused.get() >= CLIENTS);
        do {
            int before = refused.get();
            assertThat(producer.get("/q/health/live").statusCode()).isEqualTo(200);
            assertThat(producer.get("/q/health/started").statusCode()).isEqualTo(200);
            assertThat(producer.get("/q/health/ready").statusCode()).isEqualTo(503);
            await().atMost(LIMIT).until(() -> refused.get() >= before + CLIENTS);
        } while (System.nanoTime() < until);
    }

    private void verify(List<Told> told, List<ConsumerRecord<byte[], byte[]>> log) {
        Map<String, ConsumerRecord<byte[], byte[]>> byText = new HashMap<>();
        Map<String, Integer> lastOfKey = new HashMap<>();
        Set<String> twice = new HashSet<>();
        List<String> outOfOrder = new ArrayList<>();
        for (ConsumerRecord<byte[], byte[]> record : log) {
            String text = new JsonObject(new String(record.value(), StandardCharsets.UTF_8)).getString("text");
            if (byText.put(text, record) != null) {
                twice.add(text);
            }
            int number = Integer.parseInt(text.substring(text.indexOf('/') + 1));
            Integer before = lastOfKey.put(new String(record.key(), StandardCharsets.UTF_8), number);
            if (before != null && before >= number) {
                outOfOrder.add(text);
            }
        }
        Map<String, List<Told>> byStatus = told.stream().collect(Collectors.groupingBy(Told::status));

        assertThat(twice).as("on the log twice").isEmpty();
        assertThat(outOfOrder).as("behind a later one of its key").isEmpty();
        assertThat(byStatus.get("delivered"))
                .hasSizeGreaterThanOrEqualTo(DOCUMENTS)
                .allSatisfy(each -> assertThat(byText.get(each.text()))
                        .as(each.toString())
                        .isNotNull()
                        .returns(each.partition(), ConsumerRecord::partition)
                        .returns(each.offset(), ConsumerRecord::offset));
        assertThat(byStatus.getOrDefault("failed", List.of()))
                .allSatisfy(each -> assertThat(byText).doesNotContainKey(each.text()));
        assertThat(byStatus.keySet()).isSubsetOf("delivered", "failed", "unknown");
    }

    /// Sends streams of documents until enough of them are delivered. What failed is not sent again: the next
    /// documents have numbers of their own.
    private Callable<List<Told>> client(int client, HttpClient http, int port) {
        return () -> {
            List<Told> told = new ArrayList<>();
            int next = 0;
            int mine = 0;
            while (mine < DOCUMENTS / CLIENTS) {
                int first = next;
                next += A_REQUEST;
                HttpResponse<String> answer = send(http, port, client, first);
                if (answer.statusCode() == 503) {
                    // Nothing of it was sent.
                    refused.incrementAndGet();
                    Thread.sleep(100);
                    continue;
                }
                assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
                for (String line : answer.body().lines().toList()) {
                    JsonObject report = new JsonObject(line);
                    if (report.containsKey("status")) {
                        told.add(new Told(
                                client,
                                first + report.getInteger("index"),
                                report.getString("status"),
                                report.getInteger("partition", -1),
                                report.getLong("offset", -1L)));
                        mine += report.getString("status").equals("delivered") ? 1 : 0;
                        delivered.addAndGet(report.getString("status").equals("delivered") ? 1 : 0);
                    }
                }
            }
            return told;
        };
    }

    private static HttpResponse<String> send(HttpClient http, int port, int client, int first)
            throws IOException, InterruptedException {
        String body = IntStream.range(first, first + A_REQUEST)
                .mapToObj(number -> "{\"id\":\"client-" + client + "\",\"text\":\"" + client + "/" + number + "\"}\n")
                .collect(Collectors.joining());
        return http.send(
                HttpRequest.newBuilder(URI.create("http://localhost:" + port + "/v1/documents"))
                        .header("Content-Type", "application/x-ndjson")
                        .POST(HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }
}
