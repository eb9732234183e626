package dev.millrace.producer.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.producer.document.DocumentReader;
import dev.millrace.producer.document.Rejections;
import dev.millrace.producer.publish.OncePublisher;
import dev.millrace.producer.unpack.ContentCoding;
import dev.millrace.producer.unpack.Unpacking;
import dev.millrace.producer.unpack.UnpackingRoom;
import dev.millrace.testing.KafkaMain;
import dev.millrace.testing.KafkaTestResource;
import dev.millrace.testing.RawRequest;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import jakarta.inject.Inject;
import java.lang.reflect.Proxy;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

@QuarkusTest
@QuarkusTestResource(KafkaTestResource.class)
class SingleDocumentTest {
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

    private final CompletableFuture<Void> publishing = new CompletableFuture<>();
    private final CompletableFuture<String> outcome = new CompletableFuture<>();
    private final CompletableFuture<Void> gone = new CompletableFuture<>();
    private int aside;

    /// What is too large to be read and sent at once is given to a worker for each of both.
    @Test
    void ofAClientThatLeavesWhileItsDocumentIsSentTheRecordSaysWhatBecameOfIt() throws Exception {
        // Given
        HttpServer server = vertx.createHttpServer()
                .requestHandler(this::take)
                .listen(0)
                .toCompletionStage()
                .toCompletableFuture()
                .get();
        String document = "{\"text\":\"" + "x".repeat(70_000) + "\"}";
        try (RawRequest request = RawRequest.single(server.actualPort(), "/", document.length())) {
            request.write(document);
            publishing.get(30, TimeUnit.SECONDS);
        }

        // When
        gone.get(30, TimeUnit.SECONDS);

        // Then
        assertThat(outcome.get(30, TimeUnit.SECONDS)).startsWith(" delivered=1 ");
        server.close().toCompletionStage().toCompletableFuture().get();
    }

    private void take(HttpServerRequest request) {
        request.pause();
        Context context = Objects.requireNonNull(Vertx.currentContext());
        Tally tally = new Tally();
        // As the gate does.
        request.response().closeHandler(_ -> {
            tally.whenWhole(() -> outcome.complete(tally.text()));
            gone.complete(null);
        });
        new SingleDocument(
                        request,
                        holding(context),
                        new Reception(
                                KafkaMain.DOCUMENTS,
                                new DocumentReader(1 << 20, 100, 10),
                                publisher,
                                room,
                                rejections,
                                streams,
                                config),
                        new Visit("anyone", tally, Optional.empty(), Optional.empty()),
                        new DocumentReader(1 << 20, 100, 10),
                        new Unpacking(ContentCoding.IDENTITY, 1, new UnpackingRoom(0)))
                .start();
    }

    /// Sends when the client is gone.
    private Context holding(Context context) {
        return (Context) Proxy.newProxyInstance(
                Context.class.getClassLoader(), new Class<?>[] {Context.class}, (_, method, arguments) -> {
                    if (method.getName().equals("executeBlocking") && ++aside == 2) {
                        Callable<?> send = (Callable<?>) arguments[0];
                        arguments[0] = (Callable<?>) () -> {
                            publishing.complete(null);
                            gone.get(30, TimeUnit.SECONDS);
                            return send.call();
                        };
                    }
                    return method.invoke(context, arguments);
                });
    }
}
