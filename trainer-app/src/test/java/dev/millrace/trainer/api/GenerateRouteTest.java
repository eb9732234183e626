package dev.millrace.trainer.api;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.trainer.generate.GenerationDesk;
import dev.millrace.trainer.train.GenerateConfig;
import io.quarkus.runtime.configuration.DurationConverter;
import io.smallrye.config.SmallRyeConfigBuilder;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.ext.web.Router;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Before a model is loaded.
@Timeout(60)
class GenerateRouteTest {
    private static final String ASK = "{\"prompt\": \"a\"}";

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
    void aProblemIsTheAnswerWhereThereIsNoTextHoweverItIsAskedFor() throws Exception {
        for (HttpRequest.Builder asked : new HttpRequest.Builder[] {
            post(ASK), post(ASK).header("Accept", "text/event-stream"), post("{\"prompt\": \"a\", \"stream\": true}")
        }) {
            HttpResponse<String> answer = ask(0.1, asked);

            requireProblem(answer, 503, "no model is loaded yet");
            assertThat(answer.headers().firstValue("Retry-After")).hasValue("5");
        }
    }

    @Test
    void whatCannotBeIsRefused() throws Exception {
        requireProblem(ask(0, post(ASK)), 403, "millrace.generate.max-share is 0");
        requireProblem(ask(0.1, post("")), 400, "the body must be a JSON object");
        requireProblem(ask(0.1, post("x".repeat(1 << 20))), 413, "the body has more than 524288 bytes");
        HttpResponse<String> got = ask(0.1, post(ASK).GET());
        requireProblem(got, 405, "a prompt is taken by POST");
        assertThat(got.headers().firstValue("Allow")).hasValue("POST");
    }

    private static void requireProblem(HttpResponse<String> answer, int status, String detail) {
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
        assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/problem+json");
        assertThat(answer.body()).contains(detail);
    }

    private static HttpRequest.Builder post(String body) {
        return HttpRequest.newBuilder().POST(BodyPublishers.ofString(body));
    }

    private HttpResponse<String> ask(double maxShare, HttpRequest.Builder asked) throws Exception {
        GenerateConfig config = new SmallRyeConfigBuilder()
                .withMapping(GenerateConfig.class)
                .withConverter(Duration.class, 200, new DurationConverter())
                .withDefaultValues(Map.of("millrace.generate.max-share", Double.toString(maxShare)))
                .build()
                .getConfigMapping(GenerateConfig.class);
        Router router = Router.router(vertx);
        new GenerateRoute(new GenerationDesk(config.limits(), System::nanoTime), config).register(router);
        HttpServer server = vertx.createHttpServer()
                .requestHandler(router)
                .listen(0)
                .toCompletionStage()
                .toCompletableFuture()
                .join();
        try (HttpClient client = HttpClient.newHttpClient()) {
            URI there = URI.create("http://localhost:" + server.actualPort() + "/v1/generate");
            return client.send(asked.uri(there).build(), BodyHandlers.ofString());
        }
    }
}
