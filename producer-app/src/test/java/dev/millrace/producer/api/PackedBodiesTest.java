package dev.millrace.producer.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.luben.zstd.Zstd;
import dev.millrace.testing.KafkaTestResource;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.vertx.core.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Requests with `Content-Encoding`.
@QuarkusTest
@QuarkusTestResource(KafkaTestResource.class)
class PackedBodiesTest {
    private static final String STREAM = "application/x-ndjson";

    @TestHTTPResource("/v1/documents")
    URI documents;

    private final HttpClient client = HttpClient.newHttpClient();

    @ParameterizedTest
    @ValueSource(strings = {"gzip", "zstd"})
    void aPackedStreamIsReportedLikeAnyOther(String coding) throws Exception {
        byte[] body = pack(coding, lines(5_000));

        HttpResponse<String> response = post(STREAM, coding, body);

        List<JsonObject> reports = response.body().lines().map(JsonObject::new).toList();
        assertThat(reports).hasSize(5_001);
        for (int i = 0; i < 5_000; i++) {
            assertThat(reports.get(i).getString("id")).isEqualTo("packed-" + i);
            assertThat(reports.get(i).getString("status")).isEqualTo("delivered");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"gzip", "zstd"})
    void aPackedDocumentIsTaken(String coding) throws Exception {
        HttpResponse<String> response = post("application/json", coding, pack(coding, "{\"text\":\"a\"}"));

        assertThat(response.statusCode()).isEqualTo(200);
    }

    @ParameterizedTest
    @ValueSource(strings = {"gzip", "zstd"})
    void aStreamThatBreaksOffIsReportedUpToThereAndSaysInWhichLine(String coding) throws Exception {
        byte[] whole = pack(coding, lines(20_000));

        HttpResponse<String> response = post(STREAM, coding, Arrays.copyOf(whole, whole.length * 9 / 10));

        List<JsonObject> reports = response.body().lines().map(JsonObject::new).toList();
        JsonObject last = reports.get(reports.size() - 2);
        int delivered = reports.size() - 2;
        assertThat(reports.subList(0, delivered))
                .hasSizeGreaterThan(1_000)
                .allMatch(report -> report.getString("status").equals("delivered"));
        assertThat(last.getString("status")).isEqualTo("rejected");
        assertThat(last.getString("reason")).contains("the body breaks off", "(line " + (delivered + 1) + ",");
        JsonObject summary = reports.getLast().getJsonObject("summary");
        assertThat(summary.getInteger("delivered")).isEqualTo(delivered);
        assertThat(summary.getString("broken")).isEqualTo(last.getString("reason"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"gzip", "zstd"})
    void whatIsNotPackedAsSaidIsAProblem(String coding) throws Exception {
        byte[] plain = "{\"text\":\"a\"}\n".getBytes(StandardCharsets.UTF_8);

        for (String type : List.of(STREAM, "application/json")) {
            HttpResponse<String> response = post(type, coding, plain);

            assertThat(response.statusCode()).isEqualTo(400);
            assertThat(new JsonObject(response.body()).getString("detail")).isEqualTo("the body is not " + coding);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"gzip", "zstd"})
    void aBombIsRefused(String coding) throws Exception {
        byte[] bomb = pack(coding, new byte[80 << 20]);

        HttpResponse<String> stream = post(STREAM, coding, bomb);
        HttpResponse<String> single = post("application/json", coding, bomb);

        assertThat(stream.statusCode()).isEqualTo(413);
        assertThat(stream.body()).contains("millrace.api.max-expansion = 100");
        assertThat(single.statusCode()).isEqualTo(413);
        assertThat(single.body()).contains("millrace.documents.max-size");
    }

    @ParameterizedTest
    @ValueSource(strings = {"br", "gzip, gzip", "deflate"})
    void anotherCodingIsRefusedWithThoseThatAreKnown(String coding) throws Exception {
        HttpResponse<String> response = post(STREAM, coding, new byte[] {1, 2, 3});

        assertThat(response.statusCode()).isEqualTo(415);
        assertThat(response.headers().firstValue("accept-encoding")).hasValue("gzip, zstd");
    }

    @Test
    void manyPartsThatFollowEachOtherAreOneStream() throws Exception {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        for (int i = 0; i < 100; i++) {
            body.writeBytes(pack("zstd", "{\"text\":\"a\",\"id\":\"part-" + i + "\"}\n"));
        }

        HttpResponse<String> response = post(STREAM, "zstd", body.toByteArray());

        assertThat(response.body().lines().toList().getLast()).contains("\"delivered\":100");
    }

    private static String lines(int count) {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < count; i++) {
            lines.append("{\"text\":\"text ")
                    .append(i * 7919L)
                    .append("\",\"id\":\"packed-")
                    .append(i)
                    .append("\"}\n");
        }
        return lines.toString();
    }

    private static byte[] pack(String coding, String content) throws IOException {
        return pack(coding, content.getBytes(StandardCharsets.UTF_8));
    }

    private static byte[] pack(String coding, byte[] content) throws IOException {
        if (coding.equals("zstd")) {
            return Zstd.compress(content);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(content);
        }
        return out.toByteArray();
    }

    private HttpResponse<String> post(String type, String coding, byte[] body)
            throws IOException, InterruptedException {
        return client.send(
                HttpRequest.newBuilder(documents)
                        .header("Content-Type", type)
                        .header("Content-Encoding", coding)
                        .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }
}
