package dev.millrace.producer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.testing.AppProcess;
import dev.millrace.testing.EmbeddedKafka;
import dev.millrace.testing.KafkaMain;
import dev.millrace.testing.RawRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A packaged producer whose documents are under way for some seconds each, as if the broker were slow.
class UnderWayIT {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final String PATH = "/v1/documents";
    private static final String WITH_KEY = "X-API-Key: some-key";

    @TempDir
    private static Path shared;

    private static EmbeddedKafka kafka;
    private AppProcess producer;

    @BeforeAll
    static void startBroker() {
        kafka = EmbeddedKafka.start(1, shared);
        kafka.createTopic(KafkaMain.DOCUMENTS, 1);
        KafkaMain.createIngestions(kafka);
    }

    @AfterAll
    static void stopBroker() {
        kafka.close();
    }

    @BeforeEach
    void start() throws Exception {
        producer = AppProcess.start(
                Path.of("."),
                Map.of(
                        "kafka.bootstrap.servers",
                        kafka.bootstrapServers(),
                        "mp.messaging.outgoing.documents.linger.ms",
                        "4000",
                        "millrace.api.max-in-flight",
                        "64K",
                        "millrace.documents.max-size",
                        "210K",
                        "millrace.api.body-timeout",
                        "2s",
                        // printf %s some-key | sha256sum
                        "millrace.security.api-keys",
                        "team-a:ingest:682f6697fa93eca6c801a232519a09e3fe0c5c339465ee53c3f9edf92fd01f35"),
                Map.of(),
                shared.resolve("producer.log"));
        producer.awaitOk("/q/health/ready", LIMIT);
    }

    @AfterEach
    void stop() {
        producer.close();
    }

    @Test
    void whatWasSentOfARequestThatBrokeOffIsCountedWhenItsFateIsKnown() throws Exception {
        try (RawRequest single = sent(document(1));
                RawRequest stream = RawRequest.stream(producer.port(), PATH, WITH_KEY)) {
            assertThat(single).isNotNull();
            stream.chunk("{\"text\":\"b\"}\n{broken\n{\"text\":\"c\"}\n{\"text\":");
            await().atMost(LIMIT).until(() -> producer.metric("millrace_inflight_records") == 3);
        }

        // At once, while all are under way.
        assertThat(producer.terminate(LIMIT)).as(producer.log()).isZero();

        assertThat(producer.log())
                .containsPattern("audit.* delivered=1 duplicate=0 rejected=0 failed=0 unknown=0 broken-off")
                .containsPattern("audit.* delivered=2 duplicate=0 rejected=1 failed=0 unknown=0 broken-off");
    }

    /// The clients have sent all that they have: of the stream a piece is read, of the last one nothing, for as long as
    /// another document and that piece exceed the room by more than a document.
    @Test
    void thatABodyIsNotReadForWantOfRoomIsNotHeldAgainstItsClient() throws Exception {
        String line = document(150_000);
        try (RawRequest stream = RawRequest.stream(producer.port(), PATH, WITH_KEY)) {
            stream.chunk(line.substring(0, 80_000));
            await().atMost(LIMIT).until(() -> producer.metric("millrace_requests_held_bytes") == 80_000);
            try (RawRequest large = sent(document(205_000))) {
                await().atMost(LIMIT).until(() -> producer.metric("millrace_inflight_bytes") > 205_000);
                stream.chunk(line.substring(80_000) + "\n");
                stream.lastChunk();
                await().atMost(LIMIT).until(() -> producer.metric("millrace_requests_held_bytes") > 80_000);
                try (RawRequest single = sent(document(10))) {
                    assertThat(single.readUntil("\"status\":")).contains(" 200 ", "\"status\":\"delivered\"");
                }
                assertThat(stream.readUntil("summary")).contains("\"status\":\"delivered\"");
                assertThat(large.readUntil("\"status\":")).contains(" 200 ");
            }
        }
    }

    private static String document(int length) {
        return "{\"text\":\"" + "x".repeat(length) + "\"}";
    }

    private RawRequest sent(String document) throws IOException {
        RawRequest request = RawRequest.single(producer.port(), PATH, document.length(), WITH_KEY);
        request.write(document);
        return request;
    }
}
