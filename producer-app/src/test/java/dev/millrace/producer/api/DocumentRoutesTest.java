package dev.millrace.producer.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.testing.KafkaMain;
import dev.millrace.testing.KafkaTestResource;
import dev.millrace.testing.RawRequest;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.smallrye.reactive.messaging.kafka.companion.KafkaCompanion;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.junit.jupiter.api.Test;

@QuarkusTest
@QuarkusTestResource(KafkaTestResource.class)
class DocumentRoutesTest {
    @TestHTTPResource("/v1/documents")
    URI documents;

    private final HttpClient client = HttpClient.newHttpClient();

    @Test
    void aDocumentIsReportedWithItsPlaceOnTheLog() throws Exception {
        HttpResponse<String> response = post("application/json", "{\"text\":\"one\",\"id\":\"single-1\"}");

        assertThat(response.statusCode()).isEqualTo(200);
        JsonObject report = new JsonObject(response.body());
        assertThat(report.getString("status")).isEqualTo("delivered");
        assertThat(report.getString("id")).isEqualTo("single-1");
        ConsumerRecord<String, String> record = log().stream()
                .filter(each -> "single-1".equals(each.key()))
                .findFirst()
                .orElseThrow();
        assertThat(record.offset()).isEqualTo(report.getLong("offset"));
        assertThat(record.partition()).isEqualTo(report.getInteger("partition"));
        assertThat(record.value()).isEqualTo("{\"text\":\"one\",\"id\":\"single-1\"}");
    }

    @Test
    void aBadDocumentIsAProblemThatNamesFieldAndLine() throws Exception {
        HttpResponse<String> response = post("application/json", "{\n\"text\": 17}");

        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(response.headers().firstValue("content-type")).contains("application/problem+json");
        JsonObject problem = new JsonObject(response.body());
        assertThat(problem.getString("field")).isEqualTo("text");
        assertThat(problem.getInteger("line")).isEqualTo(2);
    }

    @Test
    void aStreamIsReportedLineByLineInOrderAndABadLineCostsNoOther() throws Exception {
        StringBuilder body = new StringBuilder();
        for (int i = 0; i < 3000; i++) {
            body.append(i == 1500 ? "{broken" : "{\"text\":\"text " + i + "\",\"id\":\"stream-" + i + "\"}")
                    .append('\n');
        }

        HttpResponse<String> response = post("application/x-ndjson", body.toString());

        List<JsonObject> lines = response.body().lines().map(JsonObject::new).toList();
        assertThat(lines).hasSize(3001);
        for (int i = 0; i < 3000; i++) {
            assertThat(lines.get(i).getInteger("index")).isEqualTo(i);
            assertThat(lines.get(i).getString("status")).isEqualTo(i == 1500 ? "rejected" : "delivered");
        }
        assertThat(lines.getLast().getJsonObject("summary"))
                .isEqualTo(new JsonObject()
                        .put("documents", 3000)
                        .put("delivered", 2999)
                        .put("duplicate", 0)
                        .put("rejected", 1)
                        .put("failed", 0)
                        .put("unknown", 0));
    }

    @Test
    void reportsComeWhileTheRequestIsStillBeingWritten() throws IOException {
        try (RawRequest request = RawRequest.stream(documents.getPort(), "/v1/documents")) {
            request.chunk("{\"text\":\"early\",\"id\":\"early\"}\n");

            assertThat(request.readUntil("\"early\"")).contains("delivered");

            request.chunk("{\"text\":\"late\",\"id\":\"late\"}\n");
            request.lastChunk();
            assertThat(request.readUntil("summary")).contains("\"late\"");
        }
    }

    @Test
    void whoeverAsksBeforeSendingIsToldToAndWhoeverIsRefusedIsSparedIt() throws IOException {
        String head =
                "POST /v1/documents HTTP/1.1\r\nHost: x\r\nContent-Length: 16\r\nExpect: 100-continue\r\nContent-Type: ";
        try (RawRequest asks = RawRequest.raw(documents.getPort(), head + "application/json\r\n\r\n")) {
            assertThat(asks.readUntil("\r\n\r\n")).startsWith("HTTP/1.1 100 ");
            asks.write("{\"text\":\"asked\"}");
            assertThat(asks.readUntil("offset")).startsWith("HTTP/1.1 200 ");
        }
        try (RawRequest refused = RawRequest.raw(documents.getPort(), head + "text/html\r\n\r\n")) {
            assertThat(refused.readUntil("\r\n\r\n")).startsWith("HTTP/1.1 415 ");
        }
    }

    @Test
    void onlyTheReportsThatWereAskedForAreSent() throws Exception {
        String body = "{\"text\":\"a\"}\n{}\n";

        HttpResponse<String> failures = post("application/x-ndjson", body, "?report=failures");
        HttpResponse<String> summary = post("application/x-ndjson", body, "?report=summary");

        assertThat(failures.body().lines()).hasSize(2).first().asString().contains("rejected");
        assertThat(summary.body().lines()).singleElement().asString().contains("\"delivered\":1");
        assertThat(post("application/x-ndjson", body, "?report=some").statusCode())
                .isEqualTo(400);
        assertThat(post("text/html", body).statusCode()).isEqualTo(415);
    }

    @Test
    void nothingAcknowledgedIsMissingWhenTheBrokerStopsAndStarts() throws Exception {
        Set<String> acknowledged = new HashSet<>();
        int unavailable = 0;
        for (int round = 0; round < 6; round++) {
            if (round == 2) {
                KafkaTestResource.kafka().stopNode(1);
                // Within the first second the loss may go unnoticed; from then on it is said at once.
                await().atMost(Duration.ofSeconds(60))
                        .until(() ->
                                post("application/json", "{\"text\":\"gone?\"}").statusCode() == 503);
                assertThat(ready()).isEqualTo(503);
            }
            if (round == 4) {
                KafkaTestResource.kafka().startNode(1);
                await().atMost(Duration.ofSeconds(60))
                        .until(() ->
                                post("application/json", "{\"text\":\"again\"}").statusCode() == 200);
            }
            StringBuilder body = new StringBuilder();
            for (int i = 0; i < 50; i++) {
                body.append("{\"text\":\"t\",\"id\":\"outage-" + round + "-" + i + "\"}\n");
            }
            HttpResponse<String> response = post("application/x-ndjson", body.toString());
            if (response.statusCode() == 503) {
                unavailable++;
                assertThat(response.headers().firstValue("retry-after")).isPresent();
            } else {
                response.body()
                        .lines()
                        .map(JsonObject::new)
                        .filter(line -> "delivered".equals(line.getString("status")))
                        .forEach(line -> acknowledged.add(line.getString("id")));
            }
        }

        List<String> keys = log().stream()
                .map(ConsumerRecord::key)
                .filter(key -> key.startsWith("outage-"))
                .toList();
        assertThat(acknowledged).hasSizeGreaterThanOrEqualTo(200);
        assertThat(keys).containsAll(acknowledged);
        assertThat(keys.stream().filter(acknowledged::contains)).doesNotHaveDuplicates();
        assertThat(unavailable).as("requests that met no broker").isEqualTo(2);
        assertThat(ready()).isEqualTo(200);
    }

    @Test
    void rejectedDocumentsAreCountedByReason() throws Exception {
        assertThat(post("application/json", "{\"text\": 17}").statusCode()).isEqualTo(400);
        assertThat(post("application/x-ndjson", "{\"text\": \"\"}\n").statusCode())
                .isEqualTo(200);

        String metrics = client.send(
                        HttpRequest.newBuilder(documents.resolve("/q/metrics")).build(),
                        HttpResponse.BodyHandlers.ofString())
                .body();

        assertThat(metrics.lines().filter(line -> line.startsWith("millrace_rejected_total")))
                .anyMatch(line -> line.contains("reason=\"type\"") && !line.endsWith(" 0.0"))
                .anyMatch(line -> line.contains("reason=\"empty\"") && !line.endsWith(" 0.0"))
                .anyMatch(line -> line.contains("reason=\"nesting\""));
    }

    private int ready() throws IOException, InterruptedException {
        return client.send(
                        HttpRequest.newBuilder(documents.resolve("/q/health/ready"))
                                .build(),
                        HttpResponse.BodyHandlers.discarding())
                .statusCode();
    }

    private HttpResponse<String> post(String type, String body) throws IOException, InterruptedException {
        return post(type, body, "");
    }

    private HttpResponse<String> post(String type, String body, String query) throws IOException, InterruptedException {
        return client.send(
                HttpRequest.newBuilder(URI.create(documents + query))
                        .header("Content-Type", type)
                        .POST(HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private static List<ConsumerRecord<String, String>> log() {
        List<ConsumerRecord<String, String>> records = new ArrayList<>();
        try (KafkaCompanion companion =
                new KafkaCompanion(KafkaTestResource.kafka().bootstrapServers())) {
            long expected = companion.offsets().list(partitions()).values().stream()
                    .mapToLong(each -> each.offset())
                    .sum();
            companion
                    .consumeWithDeserializers(StringDeserializer.class, StringDeserializer.class)
                    .fromTopics(KafkaMain.DOCUMENTS, expected)
                    .awaitCompletion(Duration.ofSeconds(60))
                    .getRecords()
                    .forEach(each -> records.add(new ConsumerRecord<>(
                            each.topic(), each.partition(), each.offset(), (String) each.key(), (String)
                                    each.value())));
        }
        return records;
    }

    private static List<TopicPartition> partitions() {
        return IntStream.range(0, 4)
                .mapToObj(partition -> new TopicPartition(KafkaMain.DOCUMENTS, partition))
                .toList();
    }
}
