package dev.millrace.producer.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.testing.KafkaMain;
import dev.millrace.testing.KafkaTestResource;
import dev.millrace.testing.RawRequest;
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
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.junit.jupiter.api.Test;

/// What is sent again is not on the log again.
@QuarkusTest
@QuarkusTestResource(KafkaTestResource.class)
class RetriesTest {
    private static final String JSON = "application/json";
    private static final String LINES = "application/x-ndjson";

    @TestHTTPResource("/v1/documents")
    URI documents;

    private final HttpClient client = HttpClient.newHttpClient();

    @Test
    void aDocumentThatComesAgainUnderItsIdHasItsFirstAnswerAndAddsNothing() throws Exception {
        HttpResponse<String> first = post(JSON, "{\"text\":\"a\",\"id\":\"again-1\"}");

        HttpResponse<String> second = post(JSON, "{\"id\":\"again-1\",\"text\":\"a\"}");
        HttpResponse<String> stream = post(LINES, "{\"text\":\"a\",\"id\":\"again-1\"}\n");

        assertThat(second.statusCode()).isEqualTo(200);
        assertThat(second.body()).isEqualTo(first.body());
        assertThat(stream.body()).startsWith(first.body());
        assertThat(records("again-1")).hasSize(1);
    }

    @Test
    void anotherTextUnderAnIdIsRefusedAndTheFirstOneStays() throws Exception {
        post(JSON, "{\"text\":\"a\",\"id\":\"other-1\"}");

        HttpResponse<String> single = post(JSON, "{\"text\":\"b\",\"id\":\"other-1\"}");
        HttpResponse<String> stream = post(LINES, "{\"text\":\"b\",\"id\":\"other-1\"}\n{\"text\":\"c\"}\n");

        assertThat(single.statusCode()).isEqualTo(422);
        assertThat(new JsonObject(single.body()).getString("detail")).contains("id was sent with another text");
        assertThat(stream.body())
                .contains("\"status\":\"rejected\",\"reason\":\"the id was sent with another text\"")
                .contains("\"delivered\":1");
        assertThat(records("other-1")).hasSize(1);
    }

    @Test
    void requestsAtTheSameTimeForOneDocumentMakeOneRecord() {
        List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            answers.add(client.sendAsync(
                    request(JSON, "{\"text\":\"a\",\"id\":\"race-1\"}").build(), HttpResponse.BodyHandlers.ofString()));
        }

        assertThat(answers.stream().map(each -> each.join().body()).distinct())
                .singleElement()
                .asString()
                .contains("delivered");
        assertThat(records("race-1")).hasSize(1);
    }

    @Test
    void aRequestThatComesAgainUnderItsKeyHasItsFirstAnswerAndAnotherDocumentIsRefused() throws Exception {
        HttpResponse<String> first = under("\"key-1\"", JSON, "{\"text\":\"keyed\"}");

        HttpResponse<String> second = under("key-1", JSON, "{\"text\":\"keyed\"}");
        HttpResponse<String> other = under("key-1", JSON, "{\"text\":\"keyed otherwise\"}");
        HttpResponse<String> otherKey = under("key-2", JSON, "{\"text\":\"keyed\"}");

        assertThat(second.body()).isEqualTo(first.body());
        assertThat(other.statusCode()).isEqualTo(422);
        assertThat(otherKey.body()).isNotEqualTo(first.body()).contains("delivered");
        assertThat(under("no key", JSON, "{\"text\":\"keyed\"}").statusCode()).isEqualTo(400);
        assertThat(records(new JsonObject(first.body()).getString("id"))).hasSize(2);
    }

    @Test
    void underAKeyADocumentOfAnotherSourceTypeOrMetadataIsAnother() throws Exception {
        String pixels = "not quite an image";
        HttpResponse<String> mine = under("key-3", JSON, "{\"text\":\"sourced\",\"source\":\"mine\"}");
        HttpResponse<String> image = under("key-4", "image/png", pixels);
        HttpResponse<String> form = under("key-5", "multipart/form-data; boundary=one", form("one", "{}"));
        String described = "{\"text\":\"described\",\"metadata\":{\"page\":1}}";
        HttpResponse<String> page = under("key-6", JSON, described);

        assertThat(under("key-3", JSON, "{\"text\":\"sourced\",\"source\":\"mine\"}")
                        .body())
                .isEqualTo(mine.body());
        assertThat(under("key-3", JSON, "{\"text\":\"sourced\",\"source\":\"yours\"}")
                        .statusCode())
                .isEqualTo(422);
        assertThat(under("key-3", JSON, "{\"text\":\"sourced\"}").statusCode()).isEqualTo(422);
        assertThat(under("key-4", "image/png", pixels).body()).isEqualTo(image.body());
        assertThat(under("key-4", "image/gif", pixels).statusCode()).isEqualTo(422);
        // The same form: clients draw its boundary at random.
        assertThat(form.statusCode()).as(form.body()).isEqualTo(200);
        assertThat(under("key-5", "multipart/form-data; boundary=two", form("two", "{}"))
                        .body())
                .isEqualTo(form.body());
        assertThat(under("key-5", "multipart/form-data; boundary=two", form("two", "{\"page\":2}"))
                        .statusCode())
                .isEqualTo(422);
        assertThat(under("key-6", JSON, described).body()).isEqualTo(page.body());
        assertThat(under("key-6", JSON, described.replace('1', '2')).statusCode())
                .isEqualTo(422);
    }

    private static String form(String boundary, String metadata) {
        return String.join(
                "\r\n",
                "--" + boundary,
                "Content-Disposition: form-data; name=\"text\"",
                "",
                "formed",
                "--" + boundary,
                "Content-Disposition: form-data; name=\"metadata\"",
                "",
                metadata,
                "--" + boundary + "--",
                "");
    }

    @Test
    void aStreamUnderAKeyThatBreaksOffGoesOnWhereItBroke() throws Exception {
        String path = "/v1/documents";
        try (RawRequest broken = RawRequest.stream(documents.getPort(), path, "Idempotency-Key: broken")) {
            broken.chunk("{\"text\":\"broken 0\"}\n{\"text\":\"broken 1\"}\n{\"text\":\"bro");
            broken.readUntil("\"index\":1");
        }

        HttpResponse<String> whole =
                under("broken", LINES, "{\"text\":\"broken 0\"}\n{\"text\":\"broken 1\"}\n{\"text\":\"broken 2\"}\n");

        assertThat(whole.body()).contains("\"documents\":3,\"delivered\":3");
        assertThat(log().stream()
                        .map(record -> new String(record.value(), StandardCharsets.UTF_8))
                        .filter(value -> value.contains("broken ")))
                .containsExactlyInAnyOrder(
                        "{\"text\":\"broken 0\"}", "{\"text\":\"broken 1\"}", "{\"text\":\"broken 2\"}");
    }

    @Test
    void theTraceOfTheRequestIsCarriedToTheRecord() throws Exception {
        String trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        send(request(JSON, "{\"text\":\"a\",\"id\":\"traced\"}").header("traceparent", trace));
        send(request(LINES, "{\"text\":\"a\",\"id\":\"traced-line\"}\n").header("traceparent", trace));
        send(request(JSON, "{\"text\":\"a\",\"id\":\"untraced\"}").header("traceparent", "00-" + "0".repeat(32)));

        assertThat(header("traced")).isEqualTo(trace);
        assertThat(header("traced-line")).isEqualTo(trace);
        assertThat(records("untraced").getFirst().headers().lastHeader("traceparent"))
                .isNull();
    }

    private static String header(String key) {
        Header header = records(key).getFirst().headers().lastHeader("traceparent");
        return header == null ? "" : new String(header.value(), StandardCharsets.UTF_8);
    }

    private static List<ConsumerRecord<byte[], byte[]>> records(String key) {
        return log().stream()
                .filter(record -> key.equals(new String(record.key(), StandardCharsets.UTF_8)))
                .toList();
    }

    private static List<ConsumerRecord<byte[], byte[]>> log() {
        return TopicLog.read(KafkaTestResource.kafka().bootstrapServers(), KafkaMain.DOCUMENTS);
    }

    private HttpResponse<String> post(String type, String body) throws IOException, InterruptedException {
        return send(request(type, body));
    }

    private HttpResponse<String> under(String key, String type, String body) throws IOException, InterruptedException {
        return send(request(type, body).header("Idempotency-Key", key));
    }

    private HttpRequest.Builder request(String type, String body) {
        return HttpRequest.newBuilder(documents)
                .header("Content-Type", type)
                .POST(HttpRequest.BodyPublishers.ofString(body));
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws IOException, InterruptedException {
        return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }
}
