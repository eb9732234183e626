package dev.millrace.producer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.testing.AppProcess;
import dev.millrace.testing.EmbeddedKafka;
import dev.millrace.testing.KafkaMain;
import dev.millrace.testing.TopicLog;
import java.io.BufferedWriter;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Ingestions that are ordered over HTTP, from packaged producers on a real broker.
class IngestionsIT {
    private static final Duration LIMIT = Duration.ofSeconds(90);
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private static Path shared;

    private static EmbeddedKafka kafka;
    private static Path root;

    private final HttpClient client = HttpClient.newHttpClient();

    @BeforeAll
    static void startBroker() throws IOException {
        kafka = EmbeddedKafka.start(1, shared);
        kafka.createTopic(KafkaMain.DOCUMENTS, 2);
        KafkaMain.createIngestions(kafka);
        root = Files.createDirectories(shared.resolve("data"));
    }

    @AfterAll
    static void stopBroker() {
        kafka.close();
    }

    @Test
    void aPathBelowTheRootsIsIngestedAndNoOtherIs() throws Exception {
        lines("small/a.jsonl", "small", 10);
        Files.writeString(root.resolve("small/broken.jsonl.gz"), "no archive");
        Path outside = Files.writeString(shared.resolve("secret.jsonl"), "{\"text\":\"secret\"}\n");
        Files.createSymbolicLink(root.resolve("link.jsonl"), outside);
        Files.createSymbolicLink(root.resolve("link[1].jsonl"), outside);
        try (AppProcess producer = start("server", Map.of())) {
            HttpResponse<String> taken = order(producer, root.resolve("small/a.jsonl"));
            assertThat(taken.statusCode()).as(taken.body()).isEqualTo(202);
            JsonNode done =
                    awaitEnd(producer, taken.headers().firstValue("location").orElseThrow());

            assertThat(done.get("status").asText()).isEqualTo("done");
            assertThat(done.get("delivered").asLong()).isEqualTo(10);
            assertThat(keys("small-")).hasSize(10).doesNotHaveDuplicates();

            assertThat(order(producer, outside).statusCode()).isEqualTo(403);
            assertThat(order(producer, root.resolve("link.jsonl")).statusCode()).isEqualTo(403);
            assertThat(order(producer, root.resolve("link[1].jsonl")).statusCode())
                    .as("a link whose name looks like a pattern")
                    .isEqualTo(403);
            assertThat(order(producer, root.resolve("../secret.jsonl")).statusCode())
                    .isEqualTo(403);
            assertThat(order(producer, root.resolve("not/there.jsonl")).statusCode())
                    .isEqualTo(403);
            assertThat(client.send(
                                    request(producer, "/v1/ingestions")
                                            .POST(json("{}"))
                                            .build(),
                                    text())
                            .statusCode())
                    .isEqualTo(400);
            assertThat(get(producer, "/v1/ingestions/none").statusCode()).isEqualTo(404);

            String broken = place(order(producer, root.resolve("small/broken.jsonl.gz")));
            JsonNode failed = awaitEnd(producer, broken);
            assertThat(failed.get("status").asText()).isEqualTo("failed");
            assertThat(failed.get("detail").asText()).contains("broken.jsonl.gz");
        }
        try (AppProcess closed = start("closed", Map.of("millrace.ingest.roots", ""))) {
            HttpResponse<String> refused = order(closed, root.resolve("small/a.jsonl"));
            assertThat(refused.statusCode()).isEqualTo(403);
            assertThat(refused.body()).contains("millrace.ingest.roots");
        }
    }

    @Test
    void onATerminalACommandDrawsABarAndInAPipeItDoesNot() throws Exception {
        Path file = lines("bar/a.jsonl", "bar", 2_000);
        List<String> command = List.of(
                "'" + Path.of(System.getProperty("java.home"), "bin", "java") + "'",
                "-Dkafka.bootstrap.servers=" + kafka.bootstrapServers(),
                "-jar",
                "target/quarkus-app/quarkus-run.jar",
                "ingest",
                "'" + file + "'");
        assumeThat(Files.isExecutable(Path.of("/usr/bin/script"))).isTrue();

        String piped = output("bash", "-c", String.join(" ", command));
        String again = lines("bar/b.jsonl", "bar", 2_000).toString();
        String drawn = output(
                "/usr/bin/script",
                "-qec",
                "stty cols 90; " + String.join(" ", command).replace(file.toString(), again),
                "/dev/null");

        assertThat(piped).contains("done: 2,000 documents").doesNotContain("\r", "%", "\u001b");
        assertThat(drawn).contains("[#", "100 %", " documents/s", "0:00 left", "done: 2,000 documents");
        assertThat(Arrays.stream(drawn.split("[\r\n]")).filter(line -> line.startsWith("[#") || line.startsWith("[-")))
                .isNotEmpty()
                .allSatisfy(line -> assertThat(line).hasSizeLessThan(90).doesNotContain("\u001b"));
    }

    private String output(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output;
    }

    @Test
    void whatAServerThatDiesLeavesUnfinishedIsTakenOverAndWhatIsCancelledIsNot() throws Exception {
        int lines = 40_000;
        Path file = lines("large.jsonl", "large", lines);
        String place;
        try (AppProcess first = start("first", Map.of())) {
            place = place(order(first, file));
            awaitDelivered(first, place, 1);
            first.kill();
        }
        long committed = keys("large-").size();
        assertThat(committed).isBetween(1L, lines - 1L);

        try (AppProcess second = start("second", Map.of())) {
            awaitDelivered(second, place, committed + 1);
            HttpResponse<String> cancelled =
                    client.send(request(second, place).DELETE().build(), text());
            assertThat(cancelled.statusCode()).isEqualTo(202);
            assertThat(awaitEnd(second, place).get("status").asText()).isEqualTo("cancelled");
            assertThat(second.log()).contains("takes over the ingestion of ");
        }
        assertThat(keys("large-").size()).isLessThan(lines);

        try (AppProcess third = start("third", Map.of())) {
            await().atMost(LIMIT).until(() -> get(third, place).statusCode() == 200);
            assertThat(JSON.readTree(get(third, place).body()).get("status").asText())
                    .isEqualTo("cancelled");
            assertThat(order(third, file).statusCode()).isEqualTo(202);
            JsonNode end = awaitEnd(third, place);
            assertThat(end.get("status").asText()).isEqualTo("done");
            assertThat(end.get("delivered").asLong()).isEqualTo(lines);
            assertThat(third.terminate(LIMIT)).as(third.log()).isZero();
        }
        assertThat(keys("large-")).hasSize(lines).doesNotHaveDuplicates();
    }

    private static Path lines(String name, String id, int count) throws IOException {
        Path file = root.resolve(name);
        Files.createDirectories(java.util.Objects.requireNonNull(file.getParent()));
        try (BufferedWriter out = Files.newBufferedWriter(file)) {
            for (int i = 0; i < count; i++) {
                out.write("{\"text\":\"" + "word ".repeat(200) + "\",\"id\":\"" + id + "-" + i + "\"}\n");
            }
        }
        return file;
    }

    private static AppProcess start(String name, Map<String, String> more) throws IOException, InterruptedException {
        Map<String, String> properties = new java.util.TreeMap<>(Map.of(
                "kafka.bootstrap.servers",
                kafka.bootstrapServers(),
                "millrace.ingest.roots",
                root.toString(),
                "millrace.ingest.commit-interval",
                "10ms",
                "millrace.ingest.takeover-after",
                "3s"));
        properties.putAll(more);
        AppProcess producer = AppProcess.start(Path.of("."), properties, Map.of(), shared.resolve(name + ".log"));
        producer.awaitOk("/q/health/ready", LIMIT);
        return producer;
    }

    private HttpResponse<String> order(AppProcess producer, Path path) throws IOException, InterruptedException {
        return client.send(
                request(producer, "/v1/ingestions")
                        .POST(json("{\"path\":\"" + path + "\"}"))
                        .build(),
                text());
    }

    /// The path of what was ordered: the same on every server.
    private static String place(HttpResponse<String> taken) {
        return URI.create(taken.headers().firstValue("location").orElseThrow()).getPath();
    }

    private HttpResponse<String> get(AppProcess producer, String path) throws IOException, InterruptedException {
        return client.send(request(producer, path).build(), text());
    }

    private JsonNode awaitEnd(AppProcess producer, String place) {
        JsonNode[] last = new JsonNode[1];
        await().atMost(LIMIT).until(() -> {
            last[0] = JSON.readTree(get(producer, place).body());
            return !last[0].get("status").asText().equals("running");
        });
        return last[0];
    }

    private void awaitDelivered(AppProcess producer, String place, long delivered) {
        await().atMost(LIMIT).pollInterval(Duration.ofMillis(20)).until(() -> {
            HttpResponse<String> answer = get(producer, place);
            return answer.statusCode() == 200
                    && JSON.readTree(answer.body()).get("delivered").asLong() >= delivered;
        });
    }

    private static HttpRequest.Builder request(AppProcess producer, String path) {
        return HttpRequest.newBuilder(URI.create(
                        path.startsWith("http")
                                ? path
                                : "http://localhost:" + producer.port() + (path.isEmpty() ? "/v1/ingestions" : path)))
                .header("Content-Type", "application/json");
    }

    private static HttpRequest.BodyPublisher json(String body) {
        return HttpRequest.BodyPublishers.ofString(body);
    }

    private static HttpResponse.BodyHandler<String> text() {
        return HttpResponse.BodyHandlers.ofString();
    }

    private static List<String> keys(String prefix) {
        return TopicLog.keys(kafka.bootstrapServers(), KafkaMain.DOCUMENTS).stream()
                .filter(key -> key.startsWith(prefix))
                .toList();
    }
}
