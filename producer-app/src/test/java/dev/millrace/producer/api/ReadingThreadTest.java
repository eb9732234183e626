package dev.millrace.producer.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.producer.document.Admission;
import dev.millrace.producer.document.BodyReader;
import dev.millrace.producer.document.DocumentReader;
import dev.millrace.producer.document.Fault;
import dev.millrace.producer.document.Rejections;
import dev.millrace.producer.publish.OncePublisher;
import dev.millrace.producer.unpack.ContentCoding;
import dev.millrace.producer.unpack.Unpacking;
import dev.millrace.producer.unpack.UnpackingRoom;
import dev.millrace.testing.KafkaTestResource;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import jakarta.inject.Inject;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Where a document is read that comes alone. To parse 4 MiB takes 6 ms, and to hold them against rules of quality 60
/// more: no other request of the event loop would move for so long.
@QuarkusTest
@QuarkusTestResource(KafkaTestResource.class)
class ReadingThreadTest {
    @Inject
    Vertx vertx;

    @Inject
    Room room;

    @Inject
    Rejections rejections;

    @Inject
    OpenStreams streams;

    @Inject
    OncePublisher publisher;

    @Inject
    ApiConfig config;

    private final CompletableFuture<Boolean> onEventLoop = new CompletableFuture<>();

    @ParameterizedTest
    @CsvSource({"65536, true", "65537, false"})
    void aSmallDocumentIsReadWhereItIsAndALargeOneHoldsNobodyUp(int size, boolean whereItIs) throws Exception {
        HttpServer server = vertx.createHttpServer()
                .requestHandler(this::take)
                .listen(0)
                .toCompletionStage()
                .toCompletableFuture()
                .get();
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpResponse<String> answer = client.send(
                    HttpRequest.newBuilder(URI.create("http://localhost:" + server.actualPort()))
                            .POST(HttpRequest.BodyPublishers.ofByteArray(new byte[size]))
                            .build(),
                    HttpResponse.BodyHandlers.ofString());

            assertThat(answer.statusCode()).isEqualTo(400);
            assertThat(answer.body()).contains("was looked at");
            assertThat(onEventLoop).isCompletedWithValue(whereItIs);
        } finally {
            server.close().toCompletionStage().toCompletableFuture().get();
        }
    }

    private void take(HttpServerRequest request) {
        request.pause();
        DocumentReader reader = new DocumentReader(1 << 20, 100, 10);
        new SingleDocument(
                        request,
                        Objects.requireNonNull(Vertx.currentContext()),
                        new Reception("documents", reader, publisher, room, rejections, streams, config),
                        new Visit("anyone", new Tally(), Optional.empty(), Optional.empty()),
                        new Watched(),
                        new Unpacking(ContentCoding.IDENTITY, 1, new UnpackingRoom(0)))
                .start();
    }

    /// Takes nothing, and tells where it was asked.
    private final class Watched implements BodyReader {
        @Override
        public Admission read(byte[] body) {
            onEventLoop.complete(Context.isOnEventLoopThread());
            return new Admission.Rejected(Fault.SYNTAX, "", 1, 1, "was looked at");
        }

        @Override
        public Oversize oversize() {
            throw new AssertionError("smaller than it may be");
        }
    }
}
