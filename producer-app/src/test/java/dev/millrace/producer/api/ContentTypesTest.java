package dev.millrace.producer.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.testing.KafkaMain;
import dev.millrace.testing.KafkaTestResource;
import dev.millrace.testing.TopicLog;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Documents that are no JSON.
@QuarkusTest
@QuarkusTestResource(KafkaTestResource.class)
class ContentTypesTest {
    private static final long SEED = 20261124;

    @TestHTTPResource("/v1/documents")
    URI documents;

    private final HttpClient client = HttpClient.newHttpClient();

    @ParameterizedTest
    @ValueSource(strings = {"image/png", "audio/ogg; codecs=opus", "application/octet-stream"})
    void aMediumLiesOnTheLogByteForByte(String type) throws Exception {
        byte[] bytes = new byte[300_000];
        new Random(SEED).nextBytes(bytes);
        String id = "medium-" + type.charAt(0) + type.length();

        HttpResponse<String> response = post("?id=" + id + "&source=b%C3%BCcher", type, bytes);

        assertThat(response.statusCode()).isEqualTo(200);
        ConsumerRecord<byte[], byte[]> record = recordAt(new JsonObject(response.body()));
        assertThat(record.value()).isEqualTo(bytes);
        assertThat(headers(record))
                .containsEntry("content-type", type)
                .containsEntry("id", id)
                .containsEntry("source", "bücher")
                .containsKey("sha256");
    }

    @Test
    void aTextIsOneDocumentWhateverItHolds() throws Exception {
        byte[] text = "{\"text\": not JSON\n\n\"Grüße\" \\".getBytes(StandardCharsets.UTF_8);

        HttpResponse<String> response = post("", "text/plain; charset=UTF-8", text);

        assertThat(response.statusCode()).isEqualTo(200);
        JsonObject report = new JsonObject(response.body());
        ConsumerRecord<byte[], byte[]> record = recordAt(report);
        assertThat(record.value()).isEqualTo(text);
        assertThat(headers(record))
                .containsEntry("content-type", "text/plain; charset=UTF-8")
                .containsEntry("sha256", report.getString("id"))
                .doesNotContainKeys("id", "source");
    }

    @Test
    void textAndMediaOfAFormAreOneDocument() throws Exception {
        String form = """
                --cut
                Content-Disposition: form-data; name="id"

                page-9
                --cut
                Content-Disposition: form-data; name="text"

                A picture:
                --cut
                Content-Disposition: form-data; name="file"; filename="a.png"
                Content-Type: image/png

                \u0001PNG
                --cut--
                """.replace("\n", "\r\n");

        HttpResponse<String> response =
                post("", "multipart/form-data; boundary=cut", form.getBytes(StandardCharsets.UTF_8));

        assertThat(response.statusCode()).isEqualTo(200);
        JsonObject report = new JsonObject(response.body());
        assertThat(report.getString("id")).isEqualTo("page-9");
        ConsumerRecord<byte[], byte[]> record = recordAt(report);
        assertThat(new String(record.value(), StandardCharsets.UTF_8)).isEqualTo(form);
        assertThat(headers(record)).containsEntry("content-type", "multipart/form-data; boundary=cut");
    }

    @Test
    void whatIsWrongIsAProblemThatSaysWhat() throws Exception {
        byte[] latin1 = "Grüße".getBytes(StandardCharsets.ISO_8859_1);

        assertThat(post("", "text/plain", latin1).body()).contains("\"status\":400", "is not UTF-8");
        assertThat(post("", "text/plain", new byte[0]).body()).contains("\"status\":400", "is empty");
        assertThat(post("?id=", "text/plain", new byte[] {'a'}).body()).contains("\"status\":400", "'id' is empty");
        assertThat(post("?id=a", "application/json", "{\"text\":\"a\"}".getBytes(StandardCharsets.UTF_8))
                        .body())
                .contains("\"status\":400", "says 'id' and 'source' itself");
        assertThat(post("", "multipart/mixed", new byte[] {'a'}).body()).contains("\"status\":400", "no boundary");
        assertThat(post("", "text/plain; charset=latin1", latin1).body()).contains("\"status\":415", "image/*");
        assertThat(post("", "text/plain", new byte[5 << 20]).body())
                .contains("\"status\":413", "millrace.documents.max-size");
    }

    @Test
    void theSchemaOfADocumentIsServed() throws Exception {
        HttpResponse<String> response = client.send(
                HttpRequest.newBuilder(documents.resolve("/v1/schema")).build(), HttpResponse.BodyHandlers.ofString());

        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(response.headers().firstValue("content-type")).hasValue("application/schema+json");
        assertThat(new JsonObject(response.body()).getJsonArray("required")).containsExactly("text");
    }

    private static ConsumerRecord<byte[], byte[]> recordAt(JsonObject report) {
        return TopicLog.read(KafkaTestResource.kafka().bootstrapServers(), KafkaMain.DOCUMENTS).stream()
                .filter(each ->
                        each.partition() == report.getInteger("partition") && each.offset() == report.getLong("offset"))
                .findFirst()
                .orElseThrow();
    }

    private static Map<String, String> headers(ConsumerRecord<byte[], byte[]> record) {
        Map<String, String> headers = new TreeMap<>();
        record.headers().forEach(each -> headers.put(each.key(), new String(each.value(), StandardCharsets.UTF_8)));
        return headers;
    }

    private HttpResponse<String> post(String query, String type, byte[] body) throws IOException, InterruptedException {
        return client.send(
                HttpRequest.newBuilder(URI.create(documents + query))
                        .header("Content-Type", type)
                        .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }
}
