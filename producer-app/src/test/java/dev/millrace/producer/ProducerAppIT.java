package dev.millrace.producer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import com.github.luben.zstd.ZstdOutputStream;
import dev.millrace.testing.AppProcess;
import dev.millrace.testing.EmbeddedKafka;
import dev.millrace.testing.KafkaMain;
import dev.millrace.testing.RawRequest;
import dev.millrace.testing.TopicLog;
import java.io.BufferedWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The packaged producer as a process: how it ends, and how it says no.
class ProducerAppIT {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    /// Many transactions, and many lines that say so.
    private static final Map<String, String> HURRIED =
            Map.of("millrace.ingest.commit-interval", "20ms", "millrace.ingest.progress-interval", "20ms");

    @TempDir
    private static Path shared;

    private static EmbeddedKafka kafka;

    private final HttpClient client = HttpClient.newHttpClient();

    @BeforeAll
    static void startBroker() {
        kafka = EmbeddedKafka.start(1, shared);
        kafka.createTopic(KafkaMain.DOCUMENTS, 2);
        KafkaMain.createIngestions(kafka);
    }

    @AfterAll
    static void stopBroker() {
        kafka.close();
    }

    @Test
    void aStreamThatIsOpenWhenTheProcessIsToldToEndIsReportedAsFarAsItWasTaken() throws Exception {
        try (AppProcess producer = start(Map.of());
                RawRequest request = RawRequest.stream(producer.port(), "/v1/documents")) {
            request.chunk("{\"text\":\"a\",\"id\":\"open-1\"}\n{\"text\":\"b\",\"id\":\"open-2\"}\n{\"text\":\"half");
            request.readUntil("open-2");

            int code = producer.terminate(LIMIT);

            assertThat(code).as(producer.log()).isZero();
            assertThat(request.readToEnd())
                    .contains("\"documents\":2,\"delivered\":2")
                    .contains("\"stopped\":");
            assertThat(keys("open-")).containsExactlyInAnyOrder("open-1", "open-2");
        }
    }

    @Test
    void withoutASettingTheBrokerIsLookedForWhereTheReadmeSays() throws Exception {
        Path log = shared.resolve("default.log");
        try (AppProcess producer = AppProcess.start(Path.of("."), Map.of(), Map.of(), List.of(), log)) {
            producer.awaitOk("/q/health/live", LIMIT);
            HttpResponse<String> answer = post(producer, "{\"text\":\"a\"}");
            HttpResponse<String> stream = post(producer, "application/x-ndjson", "{broken\n{\"text\":\"a\"}\n");

            assertThat(producer.log()).contains("open to anyone who reaches it");
            // No broker of ours listens there.
            assumeThat(answer.statusCode()).isEqualTo(503);
            assertThat(answer.body()).contains("kafka.bootstrap.servers = localhost:9092: ");
            // The first document that could be sent tells it, not what stands before it.
            assertThat(stream.statusCode()).as(stream.body()).isEqualTo(503);
            assertThat(stream.headers().firstValue("retry-after")).isPresent();
        }
    }

    @Test
    void poorAndRepeatedTextsAreToldAsTheyWereAskedForAndDamagedOnesAreFlagged() throws Exception {
        Map<String, String> rules = Map.of(
                "millrace.quality.min-length", "8",
                "millrace.quality.max-symbols", "0.5",
                "millrace.quality.encoding", "flag",
                "millrace.publish.duplicate-window", "10");
        try (AppProcess producer = start(rules)) {
            HttpResponse<String> first = post(producer, "{\"text\":\"said once\",\"id\":\"quality-1\"}");
            HttpResponse<String> again = post(producer, "{\"text\":\"said once\",\"id\":\"quality-2\"}");
            HttpResponse<String> small = post(producer, "{\"text\":\"short\",\"id\":\"quality-3\"}");
            HttpResponse<String> noise = post(producer, "{\"text\":\"#### #### ab\",\"id\":\"quality-4\"}");
            HttpResponse<String> damaged = post(producer, "{\"text\":\"gro\uFFFDe Stra\uFFFDe\",\"id\":\"quality-5\"}");

            assertThat(first.body()).contains("\"status\":\"delivered\"");
            assertThat(again.statusCode()).isEqualTo(200);
            assertThat(again.body()).contains("\"status\":\"duplicate\"").contains(place(first));
            assertThat(small.statusCode()).isEqualTo(400);
            assertThat(small.body()).contains("5 characters, fewer than millrace.quality.min-length = 8");
            assertThat(noise.body()).contains("0.800 symbols");
            assertThat(damaged.body()).contains("\"status\":\"delivered\",\"suspect\":\"replacement-characters\"");
            assertThat(producer.get("/q/metrics").body())
                    .contains("millrace_rejected_total{reason=\"length\"} 1.0")
                    .contains("millrace_rejected_total{reason=\"symbols\"} 1.0")
                    .contains("millrace_suspect_total{sign=\"replacement-characters\"} 1.0")
                    .contains("millrace_not_sent_total{reason=\"duplicate\"} 1.0");
            assertThat(keys("quality-")).containsExactlyInAnyOrder("quality-1", "quality-5");
            assertThat(TopicLog.read(kafka.bootstrapServers(), KafkaMain.DOCUMENTS).stream()
                            .filter(record -> new String(record.key(), StandardCharsets.UTF_8).equals("quality-5"))
                            .map(record -> new String(
                                    record.headers().lastHeader("suspect").value(), StandardCharsets.UTF_8)))
                    .containsExactly("replacement-characters");
        }
    }

    private static String place(HttpResponse<String> delivered) {
        return delivered.body().substring(delivered.body().indexOf("\"partition\""));
    }

    @Test
    void aFileThatIsIngestedIsSeenLineByLineOnceHoweverOftenTheProcessIsKilled() throws Exception {
        int lines = 60_000;
        Path file = corpus("corpus.jsonl", "file-", lines);
        Files.writeString(file, "{broken\n", StandardOpenOption.APPEND);
        List<String> command = List.of("ingest", file.toString());

        for (int kill = 1; kill <= 3; kill++) {
            try (AppProcess ingest = start("killed", HURRIED, command)) {
                int goal = kill;
                await().atMost(LIMIT).until(() -> progressLines(ingest) >= 5L * goal);
                ingest.kill();
            }
        }
        try (AppProcess ingest = start("stopped", HURRIED, command)) {
            await().atMost(LIMIT).until(() -> progressLines(ingest) >= 5);
            assertThat(ingest.terminate(LIMIT)).as(ingest.log()).isEqualTo(3);
            assertThat(ingest.log()).contains("goes on after line ", "stopped: ");
        }
        try (AppProcess ingest = start("ended", HURRIED, command)) {
            assertThat(ingest.awaitExit(LIMIT)).as(ingest.log()).isEqualTo(1);
            assertThat(ingest.log()).contains("line " + (lines + 1) + " rejected: broken JSON");
        }

        assertThat(keys("file-")).hasSize(lines).doesNotHaveDuplicates();
    }

    @Test
    void rowsAndSamplesAreSeenOnceHoweverOftenTheProcessIsKilled() throws Exception {
        int samples = 10_000;
        Path directory = Files.createDirectories(shared.resolve("dataset"));
        try (InputStream rows = Objects.requireNonNull(getClass().getResourceAsStream("/parquet/many.parquet"));
                OutputStream out = new GZIPOutputStream(Files.newOutputStream(directory.resolve("shard.tar.gz")));
                TarArchiveOutputStream tar = new TarArchiveOutputStream(out)) {
            Files.copy(rows, directory.resolve("many.parquet"));
            for (int i = 0; i < samples; i++) {
                byte[] json = ("{\"text\":\"" + "word ".repeat(200) + "\",\"id\":\"sample-" + i + "\"}")
                        .getBytes(StandardCharsets.UTF_8);
                TarArchiveEntry entry = new TarArchiveEntry(i + ".json");
                entry.setSize(json.length);
                tar.putArchiveEntry(entry);
                tar.write(json);
                tar.closeArchiveEntry();
            }
        }
        Map<String, String> settings = new TreeMap<>(HURRIED);
        settings.put("millrace.ingest.id-column", "id");
        List<String> command = List.of("ingest", directory.toString());

        for (String unit : List.of("many.parquet row ", "shard.tar.gz sample ")) {
            try (AppProcess ingest = start("killed-dataset", settings, command)) {
                await().atMost(LIMIT)
                        .until(() -> ingest.log()
                                        .lines()
                                        .filter(line -> line.contains(unit))
                                        .count()
                                >= 5);
                ingest.kill();
            }
        }
        try (AppProcess ingest = start("ended-dataset", settings, command)) {
            assertThat(ingest.awaitExit(LIMIT)).as(ingest.log()).isZero();
            assertThat(ingest.log()).contains("shard.tar.gz goes on after sample ");
        }

        assertThat(keys("row-")).hasSize(20_000).doesNotHaveDuplicates();
        assertThat(keys("sample-")).hasSize(samples).doesNotHaveDuplicates();
    }

    @Test
    void ofTwoProcessesThatIngestTheSameFileTheFirstEndsAndNoLineIsSeenTwice() throws Exception {
        int lines = 60_000;
        List<String> command =
                List.of("ingest", corpus("contested.jsonl", "twice-", lines).toString());
        try (AppProcess first = start("first", HURRIED, command)) {
            await().atMost(LIMIT).until(() -> progressLines(first) >= 1);
            first.pause();
            try (AppProcess second = start("second", HURRIED, command)) {
                await().atMost(LIMIT).until(() -> progressLines(second) >= 1);
                first.goOn();
                assertThat(first.awaitExit(LIMIT)).as(first.log()).isEqualTo(1);
                assertThat(first.log()).contains("another process runs this ingestion");
                assertThat(second.awaitExit(LIMIT)).as(second.log()).isZero();
            }
        }

        assertThat(keys("twice-")).hasSize(lines).doesNotHaveDuplicates();
    }

    private static Path corpus(String name, String id, int lines) throws IOException {
        Path file = shared.resolve(name);
        try (BufferedWriter out = Files.newBufferedWriter(file)) {
            for (int i = 0; i < lines; i++) {
                out.write("{\"text\":\"" + "word ".repeat(200) + "\",\"id\":\"" + id + i + "\"}\n");
            }
        }
        return file;
    }

    @Test
    void aPathThatIsNotThereIsAnErrorOfTheCaller() throws Exception {
        try (AppProcess ingest = start("nothing", Map.of(), List.of("ingest", "no/such/file.jsonl"))) {
            assertThat(ingest.awaitExit(LIMIT)).isEqualTo(2);
            assertThat(ingest.log()).contains("no/such/file.jsonl: there is no such file");
        }
        try (AppProcess ingest = start(
                "nothing", Map.of(), List.of("ingest", shared.resolve("*.josnl").toString()))) {
            assertThat(ingest.awaitExit(LIMIT)).isEqualTo(2);
            assertThat(ingest.log()).contains("*.josnl: matches no file");
        }
    }

    @Test
    void aClientThatSendsNextToNothingIsNotWaitedForAndKeepsNobodyElseWaiting() throws Exception {
        Map<String, String> hasty = Map.of(
                "millrace.api.body-timeout",
                "1s",
                "millrace.api.max-in-flight",
                "64K",
                // Longer than the two of them take in turn: no time passes for a line that waits for room.
                "quarkus.http.idle-timeout",
                "5s");
        try (AppProcess producer = start(hasty);
                RawRequest body = RawRequest.single(producer.port(), "/v1/documents", 100_000);
                RawRequest line = RawRequest.stream(producer.port(), "/v1/documents");
                RawRequest silent = RawRequest.raw(producer.port(), "POST /v1/docu");
                RawRequest order = RawRequest.raw(
                        producer.port(),
                        "POST /v1/ingestions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{")) {
            body.write("{\"text\":\"" + "x".repeat(40_000));
            line.chunk("{\"text\":\"a\",\"id\":\"slow-1\"}\n{\"text\":\"" + "x".repeat(40_000));
            line.readUntil("slow-1");

            // Between them they hold all the room there is.
            assertThat(post(producer, "{\"text\":\"a\",\"id\":\"slow-2\"}").statusCode())
                    .isEqualTo(200);

            assertThat(body.readUntil("body-timeout")).contains(" 408 ");
            assertThat(order.readUntil("body-timeout")).contains(" 408 ");
            assertThat(line.readToEnd()).contains("\"delivered\":1,", "\"broken\":", "body-timeout");
            assertThat(silent.readToEnd()).isEmpty();
            assertThat(producer.metric("millrace_requests_held_bytes")).isZero();
            assertThat(keys("slow-")).containsExactlyInAnyOrder("slow-1", "slow-2");
        }
    }

    /// Some kilobytes that unpack to 256 MiB, in a process whose heap is a third of that.
    @Test
    void aBodyThatExpandsALotNeedsNoMoreMemoryThanAnyOther() throws Exception {
        byte[] line = ("x".repeat(99_999) + "\n").getBytes(StandardCharsets.UTF_8);
        int lines = (256 << 20) / line.length;
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        try (ZstdOutputStream zstd = new ZstdOutputStream(body)) {
            for (int i = 0; i < lines; i++) {
                zstd.write(line);
            }
        }
        Map<String, String> properties =
                Map.of("millrace.api.max-expansion", "1000000", "kafka.bootstrap.servers", kafka.bootstrapServers());
        try (AppProcess producer = AppProcess.start(
                Path.of("."), properties, Map.of("JAVA_TOOL_OPTIONS", "-Xmx80m"), shared.resolve("expands.log"))) {
            producer.awaitOk("/q/health/ready", LIMIT);

            HttpResponse<String> answer = client.send(
                    HttpRequest.newBuilder(
                                    URI.create("http://localhost:" + producer.port() + "/v1/documents?report=summary"))
                            .header("Content-Type", "application/x-ndjson")
                            .header("Content-Encoding", "zstd")
                            .POST(HttpRequest.BodyPublishers.ofByteArray(body.toByteArray()))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());

            assertThat(body.size()).isLessThan(64 << 10);
            assertThat(answer.body()).contains("\"documents\":" + lines, "\"rejected\":" + lines);
            assertThat(producer.metric("millrace_requests_held_bytes")).isZero();
            assertThat(producer.log()).doesNotContain("OutOfMemory");
        }
    }

    private static long progressLines(AppProcess ingest) throws IOException {
        return ingest.log()
                .lines()
                .filter(line -> line.contains(".jsonl line "))
                .count();
    }

    private AppProcess start(Map<String, String> properties) throws IOException, InterruptedException {
        AppProcess producer = start("producer", properties, List.of());
        producer.awaitOk("/q/health/ready", LIMIT);
        return producer;
    }

    private static AppProcess start(String name, Map<String, String> properties, List<String> arguments)
            throws IOException {
        Map<String, String> all = new TreeMap<>(properties);
        all.put("kafka.bootstrap.servers", kafka.bootstrapServers());
        return AppProcess.start(Path.of("."), all, Map.of(), arguments, shared.resolve(name + ".log"));
    }

    private HttpResponse<String> post(AppProcess producer, String body) throws IOException, InterruptedException {
        return post(producer, "application/json", body);
    }

    private HttpResponse<String> post(AppProcess producer, String type, String body)
            throws IOException, InterruptedException {
        return client.send(
                HttpRequest.newBuilder(URI.create("http://localhost:" + producer.port() + "/v1/documents"))
                        .header("Content-Type", type)
                        .POST(HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    /// Keys on the log that begin with `prefix`.
    private static List<String> keys(String prefix) {
        return TopicLog.keys(kafka.bootstrapServers(), KafkaMain.DOCUMENTS).stream()
                .filter(key -> key.startsWith(prefix))
                .toList();
    }
}
