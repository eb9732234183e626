package dev.millrace.producer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.testing.AppProcess;
import dev.millrace.testing.Certificates;
import dev.millrace.testing.EmbeddedKafka;
import dev.millrace.testing.KafkaMain;
import dev.millrace.testing.TopicLog;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The packaged producer at a cluster that does not let it in, or not yet, or not any more: what it says then is true,
/// and none of it takes a restart to pass.
class BarredProducerIT {
    private static final Duration LIMIT = Duration.ofSeconds(90);
    private static final String USER = "millrace";
    private static final String PASSWORD = "only-a-password";
    private static final List<AclBinding> NO_WRITING = List.of(
            rule(ResourceType.CLUSTER, "kafka-cluster", AclOperation.IDEMPOTENT_WRITE, AclPermissionType.DENY),
            rule(ResourceType.TOPIC, "*", AclOperation.WRITE, AclPermissionType.DENY),
            rule(ResourceType.TOPIC, "*", AclOperation.DESCRIBE, AclPermissionType.ALLOW));

    @TempDir
    private static Path directory;

    private static EmbeddedKafka kafka;
    private static Admin admin;
    private static Map<String, String> settings;

    private final HttpClient client = HttpClient.newHttpClient();

    @BeforeAll
    static void start() throws Exception {
        Certificates certificates = Certificates.create(directory);
        EmbeddedKafka.Guard guard =
                new EmbeddedKafka.Guard(USER, PASSWORD, certificates.store(), certificates.password());
        kafka = EmbeddedKafka.start(guard, directory);
        kafka.createTopic(KafkaMain.DOCUMENTS, 2);
        KafkaMain.createIngestions(kafka);
        settings = guard.scramSettings();
        admin = Admin.create(Map.of("bootstrap.servers", kafka.bootstrapServers()));
    }

    @AfterAll
    static void stop() {
        admin.close();
        kafka.close();
    }

    @Test
    void whatBarsTheProducerIsNamedAndWhenItPassesDocumentsAreTakenWithoutARestart() throws Exception {
        setPassword("another");
        admin.createAcls(NO_WRITING).all().get();
        try (AppProcess producer = AppProcess.start(Path.of("."), settings, Map.of(), directory.resolve("app.log"))) {
            // The password is not good: a producer that asked for its id now would never ask again.
            awaitReason(producer, "SaslAuthenticationException");
            assertThat(post(producer, "no password").statusCode()).isEqualTo(503);

            // It is good now, and the right to write is missing.
            setPassword(PASSWORD);
            await().atMost(LIMIT).untilAsserted(() -> {
                HttpResponse<String> answer = post(producer, "no right");
                assertThat(answer.statusCode()).isIn(503, 504);
                assertThat(answer.body()).contains("ClusterAuthorizationException");
            });
            awaitReason(producer, "ClusterAuthorizationException");
            assertThat(producer.get("/q/health/live").statusCode()).isEqualTo(200);
            assertThat(producer.metric("millrace_deliveries_total{status=\"delivered\"}"))
                    .isZero();

            // It is given.
            admin.deleteAcls(NO_WRITING.stream().map(AclBinding::toFilter).toList())
                    .all()
                    .get();
            await().atMost(LIMIT).untilAsserted(() -> {
                HttpResponse<String> answer = post(producer, "let in");
                assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
            });
            assertThat(producer.get("/q/health/ready").statusCode()).isEqualTo(200);
            assertThat(producer.metric("millrace_producer_renewals_total")).isPositive();

            // Taken away in mid-run, and given back.
            admin.createAcls(NO_WRITING).all().get();
            await().atMost(LIMIT).untilAsserted(() -> {
                HttpResponse<String> answer = post(producer, "taken away");
                assertThat(answer.statusCode()).as(answer.body()).isEqualTo(502);
                assertThat(answer.body()).contains("TopicAuthorizationException");
            });
            admin.deleteAcls(NO_WRITING.stream().map(AclBinding::toFilter).toList())
                    .all()
                    .get();
            await().atMost(LIMIT).untilAsserted(() -> {
                HttpResponse<String> answer = post(producer, "given back");
                assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
            });
        }
        assertThat(TopicLog.keys(kafka.bootstrapServers(), KafkaMain.DOCUMENTS))
                .as("what was delivered, and nothing of the rest")
                .contains("let-in", "given-back")
                .doesNotContain("no-password", "no-right");
    }

    private static AclBinding rule(
            ResourceType type, String name, AclOperation operation, AclPermissionType permission) {
        return new AclBinding(
                new ResourcePattern(type, name, PatternType.LITERAL),
                new AccessControlEntry("User:" + USER, "*", operation, permission));
    }

    private static void setPassword(String password) throws Exception {
        ScramCredentialInfo form = new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096);
        admin.alterUserScramCredentials(List.of(new UserScramCredentialUpsertion(USER, form, password)))
                .all()
                .get();
    }

    private static void awaitReason(AppProcess producer, String reason) {
        await().atMost(LIMIT).ignoreExceptions().untilAsserted(() -> {
            HttpResponse<String> ready = producer.get("/q/health/ready");
            assertThat(ready.statusCode()).isEqualTo(503);
            assertThat(ready.body()).contains(reason);
        });
    }

    private HttpResponse<String> post(AppProcess producer, String text) throws Exception {
        String document = "{\"text\":\"" + text + "\",\"id\":\"" + text.replace(' ', '-') + "\"}";
        return client.send(
                HttpRequest.newBuilder(URI.create("http://localhost:" + producer.port() + "/v1/documents"))
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString(document))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }
}
