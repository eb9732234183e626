package dev.millrace.producer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.testing.AppProcess;
import dev.millrace.testing.EmbeddedKafka;
import dev.millrace.testing.KafkaMain;
import dev.millrace.testing.RawRequest;
import dev.millrace.testing.TopicLog;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The store of media of the packaged producer, where things go wrong.
class ClaimCheckIT {
    private static final Duration LIMIT = Duration.ofMinutes(2);

    @TempDir
    Path directory;

    private final HttpClient http = HttpClient.newHttpClient();

    @Test
    void aFullDiskAndADeadProcessLeaveNothingAndNoStoreIsSaid() throws Exception {
        Path store = Files.createDirectory(directory.resolve("media"));
        try (EmbeddedKafka kafka = EmbeddedKafka.start(1, directory.resolve("kafka"))) {
            kafka.createTopic(KafkaMain.DOCUMENTS, 1);
            KafkaMain.createIngestions(kafka);
            Map<String, String> settings = Map.of(
                    "kafka.bootstrap.servers", kafka.bootstrapServers(), "millrace.claim.directory", store.toString());

            // A disk on which no file grows past 6 MiB.
            try (AppProcess producer =
                    AppProcess.startWithSmallFiles(6 << 10, Path.of("."), settings, directory.resolve("full.log"))) {
                producer.awaitOk("/q/health/ready", LIMIT);

                HttpResponse<String> tooMuch = post(producer, "image/png", new byte[12 << 20]);
                HttpResponse<String> fits = post(producer, "image/png", new byte[5 << 20]);
                HttpResponse<String> text = post(producer, "text/plain", new byte[] {'a'});

                assertThat(tooMuch.statusCode()).as(tooMuch.body()).isEqualTo(507);
                assertThat(tooMuch.body()).contains("millrace.claim.directory", "full");
                assertThat(fits.statusCode()).as(fits.body()).isEqualTo(200);
                assertThat(text.statusCode()).as(text.body()).isEqualTo(200);
                await().atMost(LIMIT).until(() -> files(store).size() == 1);
                beginsAndIsKilled(producer, store);
            }

            // What the dead one had begun is there until another opens the store.
            assertThat(files(store)).hasSize(2);
            try (AppProcess producer =
                    AppProcess.start(Path.of("."), settings, Map.of(), directory.resolve("next.log"))) {
                producer.awaitOk("/q/health/ready", LIMIT);
                assertThat(files(store)).hasSize(1);
                assertThat(producer.terminate(LIMIT)).as(producer.log()).isZero();
            }
            assertThat(TopicLog.size(kafka.bootstrapServers(), KafkaMain.DOCUMENTS))
                    .isEqualTo(2);

            try (AppProcess producer = AppProcess.start(
                    Path.of("."),
                    Map.of("kafka.bootstrap.servers", kafka.bootstrapServers()),
                    Map.of(),
                    directory.resolve("without.log"))) {
                producer.awaitOk("/q/health/ready", LIMIT);
                HttpResponse<String> none = post(producer, "image/png", new byte[5 << 20]);
                assertThat(none.statusCode()).isEqualTo(413);
                assertThat(none.body()).contains("millrace.documents.max-size", "millrace.claim.directory is not set");
            }
        }
    }

    private static void beginsAndIsKilled(AppProcess producer, Path store) throws Exception {
        try (RawRequest request = RawRequest.medium(producer.port(), "/v1/documents", 20_000_000)) {
            request.write(new byte[5 << 20]);
            await().atMost(LIMIT).until(() -> files(store).size() == 2);
            producer.kill();
        }
    }

    /// Objects, and what was begun.
    private static List<Path> files(Path store) throws IOException {
        try (Stream<Path> files = Files.walk(store)) {
            return files.filter(Files::isRegularFile)
                    .filter(file -> !file.endsWith("lock"))
                    .toList();
        }
    }

    private HttpResponse<String> post(AppProcess producer, String type, byte[] body)
            throws IOException, InterruptedException {
        return http.send(
                HttpRequest.newBuilder(URI.create("http://localhost:" + producer.port() + "/v1/documents"))
                        .header("Content-Type", type)
                        .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }
}
