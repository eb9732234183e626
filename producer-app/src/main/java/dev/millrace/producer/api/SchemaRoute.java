package dev.millrace.producer.api;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Router;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Objects;

/// `GET /v1/schema`: what a document in JSON is, as JSON Schema.
@Singleton
final class SchemaRoute {
    static final String RESOURCE = "/schema/document.json";
    private static final String PATH = "/v1/schema";

    private final Buffer schema = Buffer.buffer(read());

    void register(@Observes Router router) {
        router.route(HttpMethod.GET, PATH)
                .handler(routing -> routing.response()
                        .putHeader("Content-Type", "application/schema+json")
                        .end(schema));
        router.route(PATH).handler(routing -> {
            routing.response().putHeader("Allow", "GET");
            Problem.of(405, "Method not allowed", "the schema is there to be read")
                    .answer(routing.response());
        });
    }

    private static byte[] read() {
        try (InputStream in = Objects.requireNonNull(
                SchemaRoute.class.getResourceAsStream(RESOURCE), "the application holds " + RESOURCE)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(RESOURCE + " cannot be read", e);
        }
    }
}
