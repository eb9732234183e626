package dev.millrace.producer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.github.luben.zstd.ZstdOutputStream;
import dev.millrace.testing.AppProcess;
import dev.millrace.testing.EmbeddedKafka;
import dev.millrace.testing.KafkaMain;
import dev.millrace.testing.RawRequest;
import io.vertx.core.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Slow and huge requests that hold what they may of the room that all share, and others beside them.
class StarvationIT {
    private static final Duration LIMIT = Duration.ofMinutes(2);
    /// As large as a document may be, nearly; two of them leave a tenth of the room.
    private static final String LARGE = "{\"text\":\"" + "w".repeat(3_900_000) + "\"}";

    private static final int SMALL = 20;
    /// Streams whose windows are larger than the room, together.
    private static final int PACKED = 6;
    private static final int LARGE_AT_ONCE = 20;

    private static EmbeddedKafka kafka;
    private static AppProcess producer;
    private static HttpClient http;

    private final AtomicBoolean enough = new AtomicBoolean();

    @BeforeAll
    static void start(@TempDir Path directory) throws Exception {
        kafka = EmbeddedKafka.start(1, directory.resolve("kafka"));
        kafka.createTopic(KafkaMain.DOCUMENTS, 4);
        KafkaMain.createIngestions(kafka);
        producer = AppProcess.start(
                Path.of("."),
                Map.of("kafka.bootstrap.servers", kafka.bootstrapServers(), "millrace.api.max-in-flight", "8M"),
                Map.of(),
                directory.resolve("producer.log"));
        http = HttpClient.newHttpClient();
        producer.awaitOk("/q/health/ready", LIMIT);
    }

    @AfterAll
    static void stop() {
        http.close();
        producer.close();
        kafka.close();
    }

    /// Each could have a part of the room, and none would ever come to its end.
    @Test
    void manyLargeDocumentsAtOnceAllComeToTheirEnd() throws Exception {
        List<CompletableFuture<HttpResponse<String>>> large = new ArrayList<>();
        for (int i = 0; i < LARGE_AT_ONCE; i++) {
            large.add(post(producer, "application/json", HttpRequest.BodyPublishers.ofString(LARGE)));
        }

        for (CompletableFuture<HttpResponse<String>> each : large) {
            HttpResponse<String> answer = each.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        }
        assertThat(held(producer)).isZero();
    }

    @Test
    void smallRequestsAreAnsweredWhileSlowAndHugeOnesFillTheRoom() throws Exception {
        for (int i = 0; i < PACKED; i++) {
            // Left to the end of the process.
            RawRequest packed = RawRequest.stream(producer.port(), "/v1/documents", "Content-Encoding: zstd");
            packed.chunk(zstdHeader());
        }
        await().atMost(LIMIT).until(() -> producer.metric("millrace_unpacking_bytes") > PACKED * (2 << 20));
        try (RawRequest slowStream = RawRequest.stream(producer.port(), "/v1/documents");
                RawRequest slowDocument = RawRequest.single(producer.port(), "/v1/documents", LARGE.length())) {
            // Both lack their ends.
            slowStream.chunk(LARGE);
            slowDocument.write(LARGE.substring(0, LARGE.length() - 1));
            await().atMost(LIMIT).until(() -> held(producer) > 7_500_000);
            CompletableFuture<HttpResponse<String>> endless =
                    post(producer, "application/x-ndjson", HttpRequest.BodyPublishers.ofInputStream(Lines::new));
            await().atMost(LIMIT).until(() -> delivered(producer) > 1_000);

            List<CompletableFuture<HttpResponse<String>>> small = new ArrayList<>();
            for (int i = 0; i < SMALL; i++) {
                small.add(post(
                        producer,
                        "application/json",
                        HttpRequest.BodyPublishers.ofString("{\"text\":\"small " + i + "\"}")));
            }

            for (CompletableFuture<HttpResponse<String>> each : small) {
                HttpResponse<String> answer = each.get(LIMIT.toSeconds(), TimeUnit.SECONDS);
                assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
            }
            assertThat(endless).isNotDone();
            enough.set(true);
            JsonObject summary = new JsonObject(
                            endless.get(LIMIT.toSeconds(), TimeUnit.SECONDS).body())
                    .getJsonObject("summary");
            assertThat(summary.getLong("documents")).isGreaterThan(1_000).isEqualTo(summary.getLong("delivered"));
            slowStream.chunk("\n");
            slowStream.lastChunk();
            assertThat(slowStream.readUntil("summary")).contains("\"status\":\"delivered\"");
            slowDocument.write("}");
            assertThat(slowDocument.readUntil("offset")).contains("\"status\":\"delivered\"");
        }
    }

    /// The beginning of a frame with a window of 2 MiB, as `zstd -3` writes one.
    private static byte[] zstdHeader() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZstdOutputStream zstd = new ZstdOutputStream(out, 3)) {
            zstd.write("{\"text\":\"a\"}\n".getBytes(StandardCharsets.UTF_8));
        }
        return Arrays.copyOf(out.toByteArray(), 10);
    }

    @Test
    void whereThereIsNoRoomARequestIsRefusedAndTheNextOneIsTakenAgain(@TempDir Path directory) throws Exception {
        Map<String, String> narrow = Map.of(
                "kafka.bootstrap.servers", kafka.bootstrapServers(),
                "millrace.api.max-in-flight", "64K",
                "millrace.documents.max-size", "64K",
                "millrace.api.patience", "1s");
        try (AppProcess small = AppProcess.start(Path.of("."), narrow, Map.of(), directory.resolve("narrow.log"))) {
            small.awaitOk("/q/health/ready", LIMIT);
            String begun = "{\"text\":\"" + "x".repeat(40_000);
            String end = "x".repeat(10_000) + "\"}";
            try (RawRequest stream = RawRequest.stream(small.port(), "/v1/documents?report=summary");
                    RawRequest first =
                            RawRequest.single(small.port(), "/v1/documents", begun.length() + end.length())) {
                stream.chunk("{\"text\":\"a\"}\n{\"text\":\"");
                await().atMost(LIMIT).until(() -> held(small) > 0);
                first.write(begun);
                await().atMost(LIMIT).until(() -> held(small) >= 40_000);
                // The first of these fills the room, the second is favoured: then it is exceeded by a document.
                try (RawRequest _ = stalled(small, 100_000);
                        RawRequest _ = stalled(small, 160_000);
                        RawRequest refused = RawRequest.single(small.port(), "/v1/documents", 1_000)) {
                    assertThat(refused.readUntil("max-in-flight"))
                            .contains(" 429 ")
                            .containsIgnoringCase("retry-after: ");
                    // Of a stream something is on the log already: it is told, where a request that brought nothing
                    // is refused.
                    stream.chunk("x".repeat(20_000));
                    assertThat(stream.readUntil("max-in-flight")).contains(" 200 ", "\"delivered\":1,", "\"broken\":");
                }
                await().atMost(LIMIT).until(() -> held(small) < 60_000);

                // What holds the room is not harmed.
                first.write(end);
                assertThat(first.readUntil("delivered")).contains(" 200 ");
            }

            HttpResponse<String> next = post(
                            small, "application/json", HttpRequest.BodyPublishers.ofString("{\"text\":\"a\"}"))
                    .get(LIMIT.toSeconds(), TimeUnit.SECONDS);
            assertThat(next.statusCode()).isEqualTo(200);
            await().atMost(LIMIT).until(() -> held(small) == 0);
            assertThat(delivered(small)).isEqualTo(3);
        }
    }

    /// A document of which the end does not come, when all together hold so much.
    private static RawRequest stalled(AppProcess producer, int held) throws Exception {
        RawRequest request = RawRequest.single(producer.port(), "/v1/documents", 65_000);
        request.write("{\"text\":\"" + "x".repeat(60_000));
        await().atMost(LIMIT).until(() -> held(producer) >= held);
        return request;
    }

    /// A stream that ends when it has been long enough.
    private final class Lines extends InputStream {
        private final byte[] line = ("{\"text\":\"" + "e".repeat(1_000) + "\"}\n").getBytes(StandardCharsets.UTF_8);
        private int at;

        @Override
        public int read() {
            if (at == 0 && enough.get()) {
                return -1;
            }
            int next = line[at];
            at = (at + 1) % line.length;
            return next;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) {
            int count = 0;
            int next = read();
            while (next >= 0) {
                bytes[offset + count++] = (byte) next;
                next = count < length ? read() : -1;
            }
            return count == 0 ? -1 : count;
        }
    }

    private static CompletableFuture<HttpResponse<String>> post(
            AppProcess producer, String type, HttpRequest.BodyPublisher body) {
        return http.sendAsync(
                HttpRequest.newBuilder(
                                URI.create("http://localhost:" + producer.port() + "/v1/documents?report=summary"))
                        .header("Content-Type", type)
                        .POST(body)
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private static double held(AppProcess producer) throws IOException, InterruptedException {
        return producer.metric("millrace_requests_held_bytes");
    }

    private static double delivered(AppProcess producer) throws IOException, InterruptedException {
        return producer.metric("millrace_deliveries_total{status=\"delivered\"}");
    }
}
