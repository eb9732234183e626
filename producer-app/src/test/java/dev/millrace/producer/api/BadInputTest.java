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
import java.net.SocketException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// Whatever is sent: the answer is never a fault of ours, and no neighbour is lost.
@QuarkusTest
@QuarkusTestResource(KafkaTestResource.class)
class BadInputTest {
    private static final long SEED = Long.getLong("fuzz.seed", 20261125);
    private static final int ROUNDS = Integer.getInteger("fuzz.rounds", 1_500);

    private static final Pattern STATUS = Pattern.compile("HTTP/1\\.1 (\\d{3})");

    @TestHTTPResource("/v1/documents")
    URI documents;

    private final HttpClient client = HttpClient.newHttpClient();

    @Test
    void betweenLinesThatAreNoDocumentsNoDocumentIsLost() throws Exception {
        StringBuilder body = new StringBuilder();
        for (int i = 0; i < BadInput.lines().size(); i++) {
            body.append(neighbour(i))
                    .append('\n')
                    .append(BadInput.lines().get(i))
                    .append('\n');
        }
        body.append(neighbour(BadInput.lines().size()));

        HttpResponse<String> response = client.send(
                HttpRequest.newBuilder(documents)
                        .header("Content-Type", "application/x-ndjson")
                        .POST(HttpRequest.BodyPublishers.ofString(body.toString()))
                        .build(),
                HttpResponse.BodyHandlers.ofString());

        List<JsonObject> reports = response.body().lines().map(JsonObject::new).toList();
        for (int i = 0; i < reports.size() - 1; i++) {
            String line = i % 2 == 0 ? "neighbour" : BadInput.lines().get(i / 2);
            assertThat(reports.get(i).getString("status"))
                    .as("%d: %s", i, line.substring(0, Math.min(80, line.length())))
                    .isEqualTo(i % 2 == 0 ? "delivered" : "rejected");
        }
        JsonObject summary = reports.getLast().getJsonObject("summary");
        assertThat(summary.getInteger("rejected")).isEqualTo(BadInput.lines().size());
        assertThat(summary.getInteger("delivered")).isEqualTo(BadInput.lines().size() + 1);
        Set<String> keys =
                new TreeSet<>(TopicLog.keys(KafkaTestResource.kafka().bootstrapServers(), KafkaMain.DOCUMENTS));
        for (int i = 0; i <= BadInput.lines().size(); i++) {
            assertThat(keys).contains("neighbour-" + i);
        }
    }

    @Test
    void noBodyHoweverSpoiltIsAnsweredWithAFaultOfOurs() throws Exception {
        BadInput input = new BadInput(SEED);
        Set<Integer> statuses = new TreeSet<>();
        for (int round = 0; round < ROUNDS; round++) {
            BadInput.Body body = input.next();

            HttpResponse<String> response = client.send(
                    HttpRequest.newBuilder(documents)
                            .header("Content-Type", body.type())
                            .header("Content-Encoding", body.coding())
                            .POST(HttpRequest.BodyPublishers.ofByteArray(body.bytes()))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());

            statuses.add(response.statusCode());
            assertThat(response.statusCode())
                    .as("round %d of seed %d, %s: %s", round, SEED, body, response.body())
                    .isLessThan(500);
            boolean stream = response.statusCode() == 200 && body.type().startsWith("application/x-ndjson");
            if (stream && !response.body().isEmpty()) {
                assertThat(response.body()).contains("{\"summary\":").doesNotContain("\"failed\",", "\"unknown\",");
            }
        }

        assertThat(statuses).contains(200, 400, 415);
        assertThat(get("/q/health/live")).isEqualTo(200);
    }

    @Test
    void noHeadHoweverSpoiltIsAnsweredWithAFaultOfOursOrCostsANeighbour() throws Exception {
        // Given
        BadHead input = new BadHead(SEED);
        List<String> heads = new ArrayList<>(BadHead.chosen());
        for (int round = 0; round < ROUNDS / 3; round++) {
            heads.add(input.next());
        }
        Set<Integer> statuses = new TreeSet<>();
        try (RawRequest stream = RawRequest.stream(documents.getPort(), "/v1/documents")) {
            for (int i = 0; i < heads.size(); i++) {
                if (i % 50 == 0) {
                    stream.chunk("{\"text\":\"beside\",\"id\":\"beside-" + i + "\"}\n");
                }

                // When
                String answer = answer(heads.get(i));

                // Then
                Matcher status = STATUS.matcher(answer);
                while (status.find()) {
                    statuses.add(Integer.parseInt(status.group(1)));
                    assertThat(status.group(1))
                            .as("head %d of seed %d: %s%n%s", i, SEED, heads.get(i), answer)
                            .isLessThan("500");
                }
            }
            stream.lastChunk();
            int beside = (heads.size() + 49) / 50;
            assertThat(stream.readUntil("\"unknown\":")).contains("\"beside-50\"", "\"delivered\":" + beside + ",");
        }
        assertThat(statuses).contains(200, 400, 404, 415);
    }

    /// Nothing, where the connection was cut off: in the middle of what is too long, say.
    private String answer(String head) throws IOException {
        try (RawRequest request = RawRequest.raw(documents.getPort(), head)) {
            return request.readToEnd();
        } catch (SocketException e) {
            return "";
        }
    }

    @Test
    void namesAsLongAsTheyMayBeFitInTheUrl() throws Exception {
        String name = "\u6f22".repeat(512);
        String encoded = URLEncoder.encode(name, StandardCharsets.UTF_8);

        HttpResponse<String> response = client.send(
                HttpRequest.newBuilder(URI.create(documents + "?id=" + encoded + "&source=" + encoded))
                        .header("Content-Type", "text/plain")
                        .POST(HttpRequest.BodyPublishers.ofString("a text"))
                        .build(),
                HttpResponse.BodyHandlers.ofString());

        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        assertThat(new JsonObject(response.body()).getString("id")).isEqualTo(name);
    }

    @Test
    void floodsOfHeadersAndWhatIsNotEvenHttpCostTheirSenderTheConnectionAndNobodyElse() throws Exception {
        String many = "X-Flood: y\r\n".repeat(5_000);
        String large = "X-Flood: " + "y".repeat(100_000) + "\r\n";
        for (String headers :
                List.of(many, large, "no header\r\n", "Content-Length: -1\r\n", "\u0000\u0001\u0002\r\n")) {
            try (RawRequest request = RawRequest.raw(
                    documents.getPort(), "POST /v1/documents HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n")) {
                assertThat(request.readToEnd()).startsWith("HTTP/1.1 4");
            }
        }
        assertThat(get("/q/health/live")).isEqualTo(200);
    }

    private int get(String path) throws IOException, InterruptedException {
        return client.send(
                        HttpRequest.newBuilder(documents.resolve(path)).build(), HttpResponse.BodyHandlers.discarding())
                .statusCode();
    }

    private static String neighbour(int number) {
        return "{\"text\":\"good\",\"id\":\"neighbour-" + number + "\"}";
    }
}
