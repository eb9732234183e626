package dev.millrace.producer.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.quarkus.runtime.configuration.DurationConverter;
import io.quarkus.runtime.configuration.MemorySize;
import io.quarkus.runtime.configuration.MemorySizeConverter;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.PoolOptions;
import io.vertx.ext.web.Router;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// On one HTTP/2 connection, where no limit of connections helps.
class OpenRequestsTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);

    private final Vertx vertx = Vertx.vertx();
    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

    @AfterEach
    void close() {
        now(vertx.close());
    }

    @Test
    void whoComesWhileAllPlacesAreTakenIsRefusedUntilOneIsLeft() {
        // Given
        int port = serve(requests(2));
        HttpClient client = vertx.createHttpClient(
                new HttpClientOptions().setProtocolVersion(HttpVersion.HTTP_2).setHttp2ClearTextUpgrade(false),
                new PoolOptions().setHttp2MaxSize(1));
        HttpClientRequest first = begin(client, port);
        HttpClientRequest second = begin(client, port);
        assertThat(status(first)).isEqualTo(200);
        assertThat(status(second)).isEqualTo(200);
        assertThat(open()).isEqualTo(2);

        // When
        int third = status(begin(client, port));

        // Then
        assertThat(third).isEqualTo(429);
        assertThat(open()).isEqualTo(2);
        first.reset();
        await().atMost(LIMIT).until(() -> open() == 1);
        assertThat(status(begin(client, port))).isEqualTo(200);
    }

    private double open() {
        return registry.get("millrace.requests.open").gauge().value();
    }

    private OpenRequests requests(int most) {
        ApiConfig config = new SmallRyeConfigBuilder()
                .withMapping(ApiConfig.class)
                .withConverter(MemorySize.class, 100, new MemorySizeConverter())
                .withConverter(Duration.class, 100, new DurationConverter())
                .withSources(new PropertiesConfigSource(
                        Map.of("millrace.api.max-requests", Integer.toString(most)), "test", 100))
                .build()
                .getConfigMapping(ApiConfig.class);
        return new OpenRequests(config, registry);
    }

    /// Takes what it lets in, and does not come to its end.
    private int serve(OpenRequests requests) {
        Router router = Router.router(vertx);
        router.route().handler(routing -> {
            if (requests.take(routing)) {
                var _ = routing.response().setChunked(true).write("taken");
            } else {
                Problem.tooMany().refuse(routing.request());
            }
        });
        HttpServer server = now(vertx.createHttpServer().requestHandler(router).listen(0));
        return server.actualPort();
    }

    private static HttpClientRequest begin(HttpClient client, int port) {
        HttpClientRequest request = now(client.request(HttpMethod.POST, port, "localhost", "/"));
        now(request.setChunked(true).sendHead());
        return request;
    }

    private static int status(HttpClientRequest request) {
        return now(request.response()).statusCode();
    }

    private static <T> T now(Future<T> future) {
        return future.toCompletionStage()
                .toCompletableFuture()
                .orTimeout(LIMIT.toSeconds(), TimeUnit.SECONDS)
                .join();
    }
}
