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
import java.util.List;
import org.junit.jupiter.api.Test;

/// Documents for other topics.
@QuarkusTest
@QuarkusTestResource(KafkaTestResource.class)
class TopicsTest {
    @TestHTTPResource
    URI root;

    private final HttpClient client = HttpClient.newHttpClient();

    @Test
    void aTopicThatIsAllowedTakesDocumentsAndItsReportsSaySo() throws Exception {
        String path = "v1/topics/" + KafkaTestResource.OTHER_DOCUMENTS + "/documents";

        HttpResponse<String> single = post(path, "application/json", "{\"text\":\"a\",\"id\":\"both\"}");
        HttpResponse<String> stream = post(path, "application/x-ndjson", "{\"text\":\"b\",\"id\":\"lined\"}\n");

        assertThat(new JsonObject(single.body()).getString("topic")).isEqualTo(KafkaTestResource.OTHER_DOCUMENTS);
        assertThat(stream.body().lines().findFirst().orElseThrow())
                .contains("delivered", "\"topic\":\"" + KafkaTestResource.OTHER_DOCUMENTS);
        assertThat(keys(KafkaTestResource.OTHER_DOCUMENTS)).contains("both", "lined");
        assertThat(keys(KafkaMain.DOCUMENTS)).doesNotContain("both", "lined");
    }

    @Test
    void anIdOfOneTopicIsNoRetryInAnother() throws Exception {
        String document = "{\"text\":\"a\",\"id\":\"one-per-topic\"}";

        HttpResponse<String> here = post("v1/documents", "application/json", document);
        HttpResponse<String> there =
                post("v1/topics/" + KafkaTestResource.OTHER_DOCUMENTS + "/documents", "application/json", document);

        assertThat(new JsonObject(here.body()).getString("topic")).isEqualTo(KafkaMain.DOCUMENTS);
        assertThat(new JsonObject(there.body()).getString("topic")).isEqualTo(KafkaTestResource.OTHER_DOCUMENTS);
        assertThat(keys(KafkaTestResource.OTHER_DOCUMENTS)).containsOnlyOnce("one-per-topic");
        assertThat(keys(KafkaMain.DOCUMENTS)).containsOnlyOnce("one-per-topic");
    }

    @Test
    void anotherTopicIsRefusedWithTheSettingThatDecides() throws Exception {
        HttpResponse<String> response =
                post("v1/topics/" + KafkaMain.DEAD_LETTERS + "/documents", "application/json", "{\"text\":\"a\"}");

        assertThat(response.statusCode()).isEqualTo(404);
        assertThat(response.body()).contains("millrace.topics.allowed");
        assertThat(keys(KafkaMain.DEAD_LETTERS)).isEmpty();
    }

    @Test
    void aTopicThatIsAllowedAndNotThereIsSaidToBe() throws Exception {
        for (String type : new String[] {"application/json", "application/x-ndjson"}) {
            HttpResponse<String> response =
                    post("v1/topics/" + KafkaTestResource.NO_TOPIC + "/documents", type, "{\"text\":\"a\"}");

            assertThat(response.statusCode()).isEqualTo(503);
            assertThat(response.body()).contains(KafkaTestResource.NO_TOPIC + " does not exist");
        }
    }

    /// The probe asks for the topic of the channel: one that is missing beside it keeps no replica from the others.
    @Test
    void aMissingTopicBesideTheStandardOneIsNoReasonNotToBeReady() throws Exception {
        post("v1/topics/" + KafkaTestResource.NO_TOPIC + "/documents", "application/json", "{\"text\":\"a\"}");

        HttpResponse<String> ready = client.send(
                HttpRequest.newBuilder(root.resolve("q/health/ready")).build(), HttpResponse.BodyHandlers.ofString());

        assertThat(ready.statusCode()).isEqualTo(200);
        assertThat(ready.body()).contains("topic " + KafkaMain.DOCUMENTS).doesNotContain(KafkaTestResource.NO_TOPIC);
        assertThat(post(
                                "v1/topics/" + KafkaTestResource.OTHER_DOCUMENTS + "/documents",
                                "application/json",
                                "{\"text\":\"beside a missing one\"}")
                        .statusCode())
                .isEqualTo(200);
    }

    private static List<String> keys(String topic) {
        return TopicLog.keys(KafkaTestResource.kafka().bootstrapServers(), topic);
    }

    private HttpResponse<String> post(String path, String type, String body) throws IOException, InterruptedException {
        return client.send(
                HttpRequest.newBuilder(root.resolve(path))
                        .header("Content-Type", type)
                        .POST(HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }
}
