package dev.millrace.producer.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.testing.KafkaMain;
import dev.millrace.testing.KafkaTestResource;
import dev.millrace.testing.RawRequest;
import dev.millrace.testing.TopicLog;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.vertx.core.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;

/// Media that are too large for the log.
@QuarkusTest
@QuarkusTestResource(KafkaTestResource.class)
class ClaimCheckTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final String CLAIM = "application/vnd.millrace.claim+json";

    @TestHTTPResource("/v1/documents")
    URI documents;

    private final HttpClient client = HttpClient.newHttpClient();

    @Test
    void aLargeMediumLiesInTheStoreByItsHashAndTheLogSaysWhere() throws Exception {
        byte[] medium = bytes(20 << 20, 1);

        HttpResponse<String> response = post("?id=poster&source=walls", "image/png", medium);

        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        ConsumerRecord<byte[], byte[]> record = recordAt(new JsonObject(response.body()));
        JsonObject claim = new JsonObject(new String(record.value(), StandardCharsets.UTF_8));
        assertThat(header(record, "content-type")).isEqualTo(CLAIM);
        assertThat(header(record, "id")).isEqualTo("poster");
        assertThat(header(record, "source")).isEqualTo("walls");
        assertThat(header(record, "sha256")).isEqualTo(sha256(medium)).isEqualTo(claim.getString("sha256"));
        assertThat(claim.getString("contentType")).isEqualTo("image/png");
        assertThat(claim.getLong("length")).isEqualTo(medium.length);
        assertThat(KafkaTestResource.store().resolve(claim.getString("reference")))
                .hasBinaryContent(medium);
    }

    @Test
    void aRetryFindsTheObjectAndAnotherDocumentUnderTheIdIsAConflict() throws Exception {
        byte[] medium = bytes(6 << 20, 2);
        double reused = metric("millrace_claim_objects_total{result=\"reused\"}");
        double stored = metric("millrace_claim_bytes_total");

        HttpResponse<String> first = post("?id=again", "audio/wav", medium);
        HttpResponse<String> second = post("?id=again", "audio/wav", medium);
        HttpResponse<String> third = post("?id=again", "audio/wav", bytes(5 << 20, 3));

        assertThat(first.statusCode()).as(first.body()).isEqualTo(200);
        assertThat(second.body()).isEqualTo(first.body());
        assertThat(third.statusCode()).isEqualTo(422);
        assertThat(metric("millrace_claim_objects_total{result=\"reused\"}") - reused)
                .isEqualTo(1);
        assertThat(metric("millrace_claim_bytes_total") - stored).isEqualTo(11 << 20);
    }

    @Test
    void textsOfALargeFormStayOnTheLog() throws Exception {
        byte[] medium = bytes(9 << 20, 4);

        HttpResponse<String> response = post("", "multipart/form-data; boundary=cut", form(medium));

        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        ConsumerRecord<byte[], byte[]> record = recordAt(new JsonObject(response.body()));
        assertThat(header(record, "content-type")).isEqualTo("multipart/form-data; boundary=cut");
        assertThat(new String(record.value(), StandardCharsets.UTF_8))
                .contains("\r\n\r\nA picture:\r\n--cut", CLAIM, sha256(medium), "\"length\":" + medium.length);
        assertThat(record.value()).hasSizeLessThan(1_000);
        String hash = sha256(medium);
        assertThat(objects()).anyMatch(each -> each.endsWith(hash));
    }

    private static byte[] form(byte[] medium) throws IOException {
        ByteArrayOutputStream form = new ByteArrayOutputStream();
        form.write("""
                --cut
                Content-Disposition: form-data; name="text"

                A picture:
                --cut
                Content-Disposition: form-data; name="file"; filename="a.png"
                Content-Type: image/png

                """.replace("\n", "\r\n").getBytes(StandardCharsets.UTF_8));
        form.write(medium);
        form.write("\r\n--cut--\r\n".getBytes(StandardCharsets.UTF_8));
        return form.toByteArray();
    }

    @Test
    void aPackedBodyIsUnpackedOnItsWayToTheStore() throws Exception {
        byte[] medium = bytes(7 << 20, 5);
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (OutputStream gzip = new GZIPOutputStream(packed)) {
            gzip.write(medium);
        }

        HttpResponse<String> response = client.send(
                request("", "image/png")
                        .header("Content-Encoding", "gzip")
                        .POST(HttpRequest.BodyPublishers.ofByteArray(packed.toByteArray()))
                        .build(),
                HttpResponse.BodyHandlers.ofString());

        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        String hash = sha256(medium);
        assertThat(objects()).anyMatch(each -> each.endsWith(hash));
    }

    @Test
    void whatIsRefusedOrBreaksOffLeavesNothingBehind() throws Exception {
        List<Path> before = objects();

        HttpResponse<String> tooLarge = post("", "image/png", bytes(33 << 20, 6));
        HttpResponse<String> damaged = client.send(
                request("", "multipart/mixed; boundary=cut")
                        .POST(HttpRequest.BodyPublishers.ofByteArray(
                                new String(form(bytes(5 << 20, 7)), StandardCharsets.ISO_8859_1)
                                        .replace("--cut--", "")
                                        .getBytes(StandardCharsets.ISO_8859_1)))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        try (RawRequest request = RawRequest.medium(documents.getPort(), "/v1/documents", 20_000_000)) {
            request.write(bytes(8 << 20, 8));
            await().atMost(LIMIT).until(() -> incoming().size() == 1);
        }

        assertThat(tooLarge.statusCode()).as(tooLarge.body()).isEqualTo(413);
        assertThat(tooLarge.body()).contains("millrace.claim.max-size = 33554432");
        assertThat(damaged.statusCode()).as(damaged.body()).isEqualTo(400);
        assertThat(damaged.body()).contains("breaks off in part 2");
        await().atMost(LIMIT).until(() -> incoming().isEmpty());
        assertThat(objects()).isEqualTo(before);
    }

    @Test
    void whereItCannotBeSentNothingIsStored() throws Exception {
        List<Path> before = objects();

        HttpResponse<String> response = client.send(
                HttpRequest.newBuilder(documents.resolve("/v1/topics/" + KafkaTestResource.NO_TOPIC + "/documents"))
                        .header("Content-Type", "image/png")
                        .POST(HttpRequest.BodyPublishers.ofByteArray(bytes(6 << 20, 9)))
                        .build(),
                HttpResponse.BodyHandlers.ofString());

        assertThat(response.statusCode()).as(response.body()).isEqualTo(503);
        assertThat(response.headers().firstValue("Retry-After")).isPresent();
        assertThat(objects()).isEqualTo(before);
    }

    @Test
    void manyLargeMediaAtOnceAreAllStored() throws Exception {
        List<byte[]> media = new ArrayList<>();
        List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            media.add(bytes(6 << 20, 100 + i));
            answers.add(client.sendAsync(
                    request("", "application/octet-stream")
                            .POST(HttpRequest.BodyPublishers.ofByteArray(media.getLast()))
                            .build(),
                    HttpResponse.BodyHandlers.ofString()));
        }

        for (int i = 0; i < media.size(); i++) {
            HttpResponse<String> answer = answers.get(i).get();
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
            String hash = sha256(media.get(i));
            assertThat(objects()).anyMatch(each -> each.endsWith(hash));
        }
        assertThat(metric("millrace_requests_held_bytes")).isZero();
    }

    /// Objects of the store, by their paths.
    private static List<Path> objects() {
        return files().stream()
                .filter(file -> !file.startsWith(KafkaTestResource.store().resolve("incoming")))
                .toList();
    }

    /// What is on its way.
    private static List<Path> incoming() {
        return files().stream()
                .filter(file -> file.startsWith(KafkaTestResource.store().resolve("incoming")))
                .filter(file -> !file.endsWith("lock"))
                .toList();
    }

    private static List<Path> files() {
        while (true) {
            try (Stream<Path> files = Files.walk(KafkaTestResource.store())) {
                return files.filter(Files::isRegularFile).sorted().toList();
            } catch (IOException | UncheckedIOException e) {
                // What is deleted while it is listed: another look.
                Thread.onSpinWait();
            }
        }
    }

    private static byte[] bytes(int length, long seed) {
        byte[] bytes = new byte[length];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    private static String sha256(byte[] bytes) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    }

    private double metric(String name) throws Exception {
        HttpResponse<String> metrics = client.send(
                HttpRequest.newBuilder(documents.resolve("/q/metrics")).build(), HttpResponse.BodyHandlers.ofString());
        return metrics.body()
                .lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
                .findFirst()
                .orElseThrow(() -> new AssertionError(name + " is no metric"));
    }

    private static ConsumerRecord<byte[], byte[]> recordAt(JsonObject report) {
        return TopicLog.read(KafkaTestResource.kafka().bootstrapServers(), KafkaMain.DOCUMENTS).stream()
                .filter(each ->
                        each.partition() == report.getInteger("partition") && each.offset() == report.getLong("offset"))
                .findFirst()
                .orElseThrow();
    }

    private static String header(ConsumerRecord<byte[], byte[]> record, String name) {
        return new String(record.headers().lastHeader(name).value(), StandardCharsets.UTF_8);
    }

    private HttpRequest.Builder request(String query, String type) {
        return HttpRequest.newBuilder(URI.create(documents + query)).header("Content-Type", type);
    }

    private HttpResponse<String> post(String query, String type, byte[] body) throws IOException, InterruptedException {
        return client.send(
                request(query, type)
                        .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }
}
