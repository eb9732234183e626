package dev.millrace.producer.api;

import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.Optional;

/// A problem as RFC 9457 has it.
///
/// @param retryAfter when trying again is worth it
/// @param more members of its own
record Problem(int status, String title, String detail, Optional<Duration> retryAfter, JsonObject more) {
    static Problem of(int status, String title, String detail) {
        return new Problem(status, title, detail, Optional.empty(), new JsonObject());
    }

    static Problem unavailable(String detail, Duration retryAfter) {
        return new Problem(503, "The broker is away", detail, Optional.of(retryAfter), new JsonObject());
    }

    void answer(HttpServerResponse response) {
        retryAfter.ifPresent(after -> response.putHeader("Retry-After", Long.toString(Math.max(1, after.toSeconds()))));
        JsonObject body = new JsonObject()
                .put("type", "about:blank")
                .put("title", title)
                .put("status", status)
                .put("detail", detail)
                .mergeIn(more);
        var _ = response.setStatusCode(status)
                .putHeader("Content-Type", "application/problem+json")
                .end(body.toBuffer());
    }
}
