package dev.millrace.trainer.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.trainer.generate.Continuation;
import dev.millrace.trainer.generate.Written;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Over a real connection.
@Timeout(60)
class ReplyTest {
    private static final Problem PROBLEM = Problem.retry(503, "Not in time", "later", Duration.ofSeconds(7));
    private static final Written WRITTEN =
            new Written("ab", 5, 3, 2, Continuation.Ending.LENGTH, Duration.ofMillis(250), Duration.ofMillis(500));

    private Vertx vertx;

    @BeforeEach
    void start() {
        vertx = Vertx.vertx();
    }

    @AfterEach
    void stop() {
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }

    @Test
    void eventsCarryThePiecesAndAtTheEndTheTotals() throws Exception {
        HttpResponse<String> answer = ask(events -> {
            events.piece("a\n");
            events.piece("b");
            events.done(WRITTEN);
        });

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.headers().firstValue("Content-Type")).hasValue("text/event-stream");
        assertThat(answer.body()).isEqualTo("""
                data: {"text":"a\\n"}

                data: {"text":"b"}

                event: end
                data: {"finish":"length","step":5,"seed":9,"prompt_tokens":3,"generated_tokens":2,\
                "waited_seconds":0.25,"took_seconds":0.5}

                """);
    }

    @Test
    void whatFailsBeforeTheFirstEventIsAProblem() throws Exception {
        HttpResponse<String> answer = ask(events -> events.fail(PROBLEM));

        assertThat(answer.statusCode()).isEqualTo(503);
        assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/problem+json");
        assertThat(answer.headers().firstValue("Retry-After")).hasValue("7");
        assertThat(answer.body()).contains("\"detail\":\"later\"");
    }

    @Test
    void whatFailsLaterIsAnEvent() throws Exception {
        HttpResponse<String> answer = ask(events -> {
            events.piece("a");
            events.fail(PROBLEM);
            events.piece("too late");
            events.done(WRITTEN);
        });

        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(answer.body())
                .startsWith("data: {\"text\":\"a\"}\n\nevent: error\ndata: {")
                .contains("\"status\":503", "\"detail\":\"later\"")
                .endsWith("}\n\n")
                .doesNotContain("too late", "end");
    }

    @Test
    void aClientThatDoesNotReadIsCutOff() throws Exception {
        // Given: as much as is needed to fill what lies between, piece by piece, until the client is cut off
        CompletableFuture<Integer> pieces = new CompletableFuture<>();
        String text = "x".repeat(16 << 10);
        HttpServer server = serve(events -> {
            int[] count = {0};
            vertx.setPeriodic(1, timer -> {
                if (events.over()) {
                    vertx.cancelTimer(timer);
                    pieces.complete(count[0]);
                } else {
                    count[0]++;
                    events.piece(text);
                }
            });
        });
        try (Socket client = new Socket()) {
            client.setReceiveBufferSize(4096);
            client.connect(new InetSocketAddress("localhost", server.actualPort()));

            // When
            client.getOutputStream().write("GET / HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(StandardCharsets.UTF_8));

            // Then: 64 KiB, and what the systems take
            assertThat(pieces.get(50, TimeUnit.SECONDS)).isBetween(4, 100);
            String received = new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(received).contains("data: {\"text\":\"xxx").doesNotContain("event:");
        }
    }

    private HttpResponse<String> ask(Consumer<Reply.Events> telling) throws Exception {
        HttpServer server = serve(telling);
        try (HttpClient client = HttpClient.newHttpClient()) {
            URI there = URI.create("http://localhost:" + server.actualPort());
            return client.send(HttpRequest.newBuilder(there).build(), BodyHandlers.ofString());
        }
    }

    private HttpServer serve(Consumer<Reply.Events> telling) {
        return vertx.createHttpServer(new HttpServerOptions().setSendBufferSize(4096))
                .requestHandler(request -> telling.accept(new Reply.Events(request.response(), 9)))
                .listen(0)
                .toCompletionStage()
                .toCompletableFuture()
                .join();
    }
}
