package dev.millrace.producer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.testing.AppProcess;
import dev.millrace.testing.Certificates;
import dev.millrace.testing.EmbeddedKafka;
import dev.millrace.testing.KafkaMain;
import dev.millrace.testing.RawRequest;
import dev.millrace.testing.TokenIssuer;
import dev.millrace.testing.TopicLog;
import dev.millrace.testing.TraceCollector;
import io.vertx.core.http.HttpVersion;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The packaged producer with everything locked: keys and tokens, TLS, and a cluster that asks for a password.
class SecuredProducerIT {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final String INGEST_KEY = "3f1c9a6be5d24f0c8a7722d0ce0f5a11";
    private static final String ADMIN_KEY = "a81e0d3377c84b1f9d5b6e4f20c1b7fe";
    private static final String PATH = "/v1/documents";
    private static final String LINES = "application/x-ndjson";
    private static final String DOCUMENT = "{\"text\":\"privy\",\"id\":\"%s\"}";

    @TempDir
    private static Path shared;

    private static Certificates certificates;
    private static EmbeddedKafka.Guard guard;
    private static EmbeddedKafka kafka;
    private static TokenIssuer issuer;
    private static TraceCollector collector;
    private static AppProcess producer;
    private static int tlsPort;

    private final HttpClient client = HttpClient.newHttpClient();

    @BeforeAll
    static void start() throws Exception {
        certificates = Certificates.create(shared);
        guard = new EmbeddedKafka.Guard("millrace", "only-a-password", certificates.store(), certificates.password());
        kafka = EmbeddedKafka.start(guard, shared);
        kafka.createTopic(KafkaMain.DOCUMENTS, 2);
        KafkaMain.createIngestions(kafka);
        issuer = TokenIssuer.start();
        collector = TraceCollector.start();
        tlsPort = EmbeddedKafka.freePort();
        Map<String, String> settings = guard.scramSettings();
        settings.putAll(collector.settings());
        settings.put("millrace.security.required", "true");
        settings.put(
                "millrace.security.api-keys",
                "team-a:ingest:" + hash(INGEST_KEY) + ",operator:admin:" + hash(ADMIN_KEY));
        settings.put("quarkus.oidc.tenant-enabled", "true");
        settings.put("quarkus.oidc.auth-server-url", issuer.url());
        settings.put("quarkus.oidc.token.audience", TokenIssuer.AUDIENCE);
        settings.put("millrace.api.write-timeout", "3s");
        settings.put("quarkus.http.ssl-port", Integer.toString(tlsPort));
        settings.put("quarkus.tls.key-store.p12.path", certificates.store().toString());
        settings.put("quarkus.tls.key-store.p12.password", certificates.password());
        producer = AppProcess.start(Path.of("."), settings, Map.of(), shared.resolve("secured.log"));
        producer.awaitOk("/q/health/ready", LIMIT);
    }

    @AfterAll
    static void stop() {
        producer.close();
        issuer.close();
        collector.close();
        kafka.close();
    }

    @Test
    void aDocumentOfAKnownCallerIsOnTheLogOfAClusterThatAskedForAPassword() throws Exception {
        HttpResponse<String> answer = post(DOCUMENT.formatted("known"), "X-API-Key", INGEST_KEY);

        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        assertThat(TopicLog.keys(kafka.bootstrapServers(), KafkaMain.DOCUMENTS)).contains("known");
    }

    @Test
    void theSpanOfARequestIsPartOfItsCallersTraceAndIsNamedInTheRecord() throws Exception {
        String trace = "0af7651916cd43dd8448eb211c80319c";
        HttpResponse<String> answer = send(request("/v1/documents")
                .header("Content-Type", "application/json")
                .header("X-API-Key", INGEST_KEY)
                .header("traceparent", "00-" + trace + "-b7ad6b7169203331-01")
                .POST(body(DOCUMENT.formatted("traced"))));

        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        String named = TopicLog.read(kafka.bootstrapServers(), KafkaMain.DOCUMENTS).stream()
                .filter(record -> new String(record.key(), StandardCharsets.UTF_8).equals("traced"))
                .map(record ->
                        new String(record.headers().lastHeader("traceparent").value(), StandardCharsets.UTF_8))
                .findFirst()
                .orElseThrow();
        assertThat(named).startsWith("00-" + trace + "-").doesNotContain("b7ad6b7169203331");
        String span = named.substring(36, 52);
        await().atMost(LIMIT).until(() -> collector.holdsId(trace) && collector.holdsId(span));
    }

    @Test
    void aClusterThatAsksForACertificateIsGivenOne() throws Exception {
        Path file = Files.writeString(shared.resolve("mutual.jsonl"), DOCUMENT.formatted("mutual") + "\n");
        List<String> command = List.of("ingest", file.toString());

        try (AppProcess ingest = AppProcess.start(
                Path.of("."), guard.mutualSettings(), Map.of(), command, shared.resolve("mutual.log"))) {
            assertThat(ingest.awaitExit(LIMIT)).as(ingest.log()).isZero();
        }

        assertThat(TopicLog.keys(kafka.bootstrapServers(), KafkaMain.DOCUMENTS)).contains("mutual");
    }

    @Test
    void aWrongPasswordIsToldByTheProbeAndAnIssuerThatIsAwayByTheAnswer() throws Exception {
        Map<String, String> settings = guard.scramSettings();
        settings.computeIfPresent(
                "kafka.sasl.jaas.config", (_, known) -> known.replace(guard.password(), "another-password"));
        settings.put("quarkus.oidc.tenant-enabled", "true");
        settings.put("quarkus.oidc.auth-server-url", "http://localhost:" + EmbeddedKafka.freePort());
        settings.put("quarkus.oidc.token.audience", "any");
        try (AppProcess wrong = AppProcess.start(Path.of("."), settings, Map.of(), shared.resolve("wrong.log"))) {
            wrong.awaitOk("/q/health/live", LIMIT);

            HttpResponse<String> answer =
                    send(HttpRequest.newBuilder(URI.create("http://localhost:" + wrong.port() + "/v1/documents"))
                            .header("Authorization", "Bearer " + issuer.token("ann", "ingest"))
                            .header("Content-Type", "application/json")
                            .POST(body(DOCUMENT.formatted("undecided"))));

            // The cluster may need more than one question's time to say so.
            await().atMost(LIMIT).untilAsserted(() -> {
                HttpResponse<String> ready = wrong.get("/q/health/ready");
                assertThat(ready.statusCode()).isEqualTo(503);
                assertThat(ready.body()).contains("SaslAuthenticationException").doesNotContain("another-password");
            });
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(503);
            assertThat(answer.body()).contains("the issuer of tokens cannot be asked");
            assertThat(answer.headers().firstValue("retry-after")).isPresent();
            assertThat(wrong.log()).doesNotContain("another-password");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "POST, /v1/documents",
        "POST, /v1/topics/other/documents",
        "GET, /v1/schema",
        "POST, /v1/ingestions",
        "GET, /v1/ingestions",
        "GET, /v1/ingestions/0",
        "DELETE, /v1/ingestions/0",
        "GET, /v1;x=y/ingestions",
        "GET, //v1/ingestions",
        "GET, /q/../v1/ingestions",
        "GET, /nowhere"
    })
    void withoutCredentialsNothingIsServed(String method, String path) throws Exception {
        HttpResponse<String> answer = send(request(path).method(method, body(DOCUMENT.formatted("nobody"))));

        assertThat(answer.statusCode()).isEqualTo(401);
        assertThat(answer.headers().firstValue("www-authenticate")).contains("Bearer, ApiKey header=\"X-API-Key\"");
        assertThat(answer.headers().firstValue("content-type")).contains("application/problem+json");
        assertThat(answer.body()).contains("\"status\":401");
    }

    /// However a path is written: what only one of the routers takes for another path gains nothing.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "/q/..;/v1/ingestions",
                "/q;/../v1/ingestions",
                "/q/%2e%2e/v1/ingestions",
                "/q/..%2fv1/ingestions",
                "/q//../../v1/ingestions",
                "/v1/topics/../ingestions",
                "/v1/topics/..;/ingestions",
                "/v1/topics/..%2fingestions",
                "/v1/topics/x/documents/../../../ingestions",
                "/v1/documents/../ingestions",
                "/v1/ingestions/",
                "/v1/ingestions;a=b",
                "/V1/ingestions"
            })
    void noWayOfWritingAPathGainsARole(String path) throws Exception {
        try (RawRequest request = RawRequest.raw(
                producer.port(),
                "GET " + path + " HTTP/1.1\r\nHost: x\r\nX-API-Key: " + INGEST_KEY + "\r\nConnection: close\r\n\r\n")) {
            assertThat(request.readToEnd()).startsWith("HTTP/1.1 40");
        }
    }

    @Test
    void probesMetricsAndTheDescriptionNeedNoCredentials() throws Exception {
        assertThat(producer.get("/q/health/live").statusCode()).isEqualTo(200);
        assertThat(producer.get("/q/metrics").statusCode()).isEqualTo(200);
        assertThat(producer.get("/q/openapi").statusCode()).isEqualTo(200);
        // The page to try it out on is for development.
        assertThat(producer.get("/q/swagger-ui/").statusCode()).isEqualTo(404);
    }

    @Test
    void aRoleIsEnoughForWhatItIsForAndForNoMore() throws Exception {
        assertThat(list("X-API-Key", INGEST_KEY)).isEqualTo(403);
        assertThat(list("X-API-Key", ADMIN_KEY)).isEqualTo(200);
        assertThat(post(DOCUMENT.formatted("admin"), "X-API-Key", ADMIN_KEY).statusCode())
                .isEqualTo(200);
        assertThat(send(request("/v1/documents/")
                                .header("Content-Type", "application/json")
                                .header("X-API-Key", INGEST_KEY)
                                .POST(body(DOCUMENT.formatted("slash"))))
                        .statusCode())
                .as("which the router takes for the same path")
                .isEqualTo(200);
        assertThat(post(DOCUMENT.formatted("no"), "X-API-Key", INGEST_KEY + "0").statusCode())
                .isEqualTo(401);
        assertThat(post(DOCUMENT.formatted("no"), "Authorization", "Bearer " + INGEST_KEY)
                        .statusCode())
                .isEqualTo(401);
        assertThat(post(DOCUMENT.formatted("no"), "X-API-Key", hash(INGEST_KEY)).statusCode())
                .isEqualTo(401);
    }

    @Test
    void aTokenIsGoodForTheRolesThatItsIssuerSignedWhileItLasts() throws Exception {
        HttpResponse<String> taken =
                post(DOCUMENT.formatted("token"), "Authorization", "Bearer " + issuer.token("ann", "ingest"));

        assertThat(taken.statusCode()).as(taken.body()).isEqualTo(200);
        assertThat(list("Authorization", "Bearer " + issuer.token("ann", "ingest")))
                .isEqualTo(403);
        assertThat(list("Authorization", "Bearer " + issuer.token("bob", "staff", "admin")))
                .isEqualTo(200);
        assertThat(list("Authorization", "Bearer " + issuer.token("eve", "staff")))
                .isEqualTo(403);
        assertThat(list("Authorization", "Bearer " + issuer.expiredToken("bob", "admin")))
                .isEqualTo(401);
        assertThat(list("Authorization", "Bearer " + issuer.forgedToken("bob", "admin")))
                .isEqualTo(401);
        assertThat(list("Authorization", "Bearer " + issuer.tokenFor("another-service", "bob", "admin")))
                .isEqualTo(401);
    }

    @Test
    void documentsAreTakenOverTls() throws Exception {
        try (HttpClient secure =
                HttpClient.newBuilder().sslContext(certificates.trusting()).build()) {
            HttpResponse<String> answer = secure.send(
                    HttpRequest.newBuilder(URI.create("https://localhost:" + tlsPort + "/v1/documents"))
                            .header("Content-Type", "application/json")
                            .header("X-API-Key", INGEST_KEY)
                            .POST(body(DOCUMENT.formatted("tls")))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());

            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
            assertThat(answer.version()).isEqualTo(HttpClient.Version.HTTP_2);
        }
    }

    /// One sends on what nobody asked for, the other fills its share of the connection and does not read its reports.
    @Test
    void aRequestThatIsBrokenOffLeavesItsNeighboursOnTheConnectionAlone() {
        try (SharedConnection connection = new SharedConnection(tlsPort, certificates)) {
            // Given: a stream in the middle of its documents
            SharedConnection.Exchange neighbour = connection.post(PATH, withKey(LINES));
            neighbour.write(DOCUMENT.formatted("h2-1") + "\n");
            assertThat(neighbour.answer().version()).isEqualTo(HttpVersion.HTTP_2);
            neighbour.readUntil("\"h2-1\"");

            // When
            SharedConnection.Exchange refused = connection.post(PATH, withKey("application/x-unheard-of"));
            refused.write("x");
            assertThat(refused.answer().statusCode()).isEqualTo(415);
            SharedConnection.Exchange deaf = connection.postDeaf(PATH, withKey(LINES));
            for (int i = 0; i < 1_000; i++) {
                deaf.write("{}\n".repeat(1_000));
            }

            // Then: beside them, and after them, it goes on
            neighbour.write(DOCUMENT.formatted("h2-2") + "\n").readUntil("\"h2-2\"");
            assertThat(deaf.isBrokenOff()).isFalse();
            assertThat(refused.brokenOff()).as("RST_STREAM with NO_ERROR").isZero();
            assertThat(refused.readUntil("}")).contains("\"status\":415");
            assertThat(deaf.brokenOff()).as("RST_STREAM with CANCEL").isEqualTo(8);
            neighbour.write(DOCUMENT.formatted("h2-3") + "\n").end();
            assertThat(neighbour.readUntil("\"delivered\":3")).contains("\"h2-3\"");
        }
        await().atMost(LIMIT)
                .untilAsserted(() ->
                        assertThat(producer.metric("millrace_requests_open")).isZero());
    }

    private static Map<String, String> withKey(String type) {
        return Map.of("Content-Type", type, "X-API-Key", INGEST_KEY);
    }

    @Test
    void noOtherOriginIsLetIn() throws Exception {
        HttpResponse<String> preflight = send(request("/v1/documents")
                .header("Origin", "https://example.org")
                .header("Access-Control-Request-Method", "POST")
                .method("OPTIONS", HttpRequest.BodyPublishers.noBody()));

        assertThat(preflight.headers().map()).doesNotContainKey("access-control-allow-origin");
    }

    @Test
    void theRecordSaysWhoDidWhatAndNeverContentsOrSecrets() throws Exception {
        String token = issuer.token("carol \\\"\\n status=200\\\\\\u2028\\u202e", "ingest");
        HttpResponse<String> stream = send(request("/v1/documents?report=summary")
                .header("Content-Type", "application/x-ndjson")
                .header("X-API-Key", INGEST_KEY)
                .POST(body(DOCUMENT.formatted("s-1") + "\n{broken\n" + DOCUMENT.formatted("s-2") + "\n")));
        send(request("/v1/documents").header("X-API-Key", "guessed-key").POST(body(DOCUMENT.formatted("no"))));
        list("Authorization", "Bearer " + token);
        try (RawRequest broken = RawRequest.stream(producer.port(), "/v1/documents", "X-API-Key: " + ADMIN_KEY)) {
            broken.chunk(DOCUMENT.formatted("s-3") + "\n{\"text\":");
            broken.readUntil("\"s-3\"");
        }
        try (RawRequest unanswered = RawRequest.single(producer.port(), PATH, 100, "X-API-Key: " + INGEST_KEY)) {
            unanswered.write("{");
        }

        assertThat(stream.statusCode()).isEqualTo(200);
        await().atMost(LIMIT)
                .untilAsserted(
                        () -> assertThat(producer.log())
                                .contains(
                                        "caller=\"team-a\" from=127.0.0.1 method=POST path=\"/v1/documents\" status=200 delivered=2"
                                                + " duplicate=0 rejected=1 failed=0 unknown=0")
                                .contains("caller=\"\" from=127.0.0.1 method=POST path=\"/v1/documents\" status=401")
                                .containsPattern("caller=\"operator\" .* status=200 delivered=1 .* broken-off")
                                .containsPattern("caller=\"team-a\" .* status=none broken-off")
                                .contains(
                                        "caller=\"carol ?? status=200???\" from=127.0.0.1 method=GET path=\"/v1/ingestions\" status=403"));
        assertThat(producer.log())
                .doesNotContain(INGEST_KEY, ADMIN_KEY, "guessed-key", token, "privy", "only-a-password", "only-a-test");
    }

    private static String hash(String key) throws Exception {
        return HexFormat.of()
                .formatHex(MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8)));
    }

    private HttpResponse<String> post(String document, String header, String value)
            throws IOException, InterruptedException {
        return send(request("/v1/documents")
                .header("Content-Type", "application/json")
                .header(header, value)
                .POST(body(document)));
    }

    private int list(String header, String value) throws IOException, InterruptedException {
        return send(request("/v1/ingestions").header(header, value).GET()).statusCode();
    }

    private static HttpRequest.BodyPublisher body(String text) {
        return HttpRequest.BodyPublishers.ofString(text);
    }

    private static HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://localhost:" + producer.port() + path));
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws IOException, InterruptedException {
        return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }
}
