package dev.millrace.trainer.api;

import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonObject;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/// A problem as RFC 9457 has it.
///
/// @param retryAfter when trying again is worth it
record Problem(int status, String title, String detail, Optional<Duration> retryAfter) {
    private static final String TYPE = "application/problem+json";

    static Problem of(int status, String title, String detail) {
        return new Problem(status, title, detail, Optional.empty());
    }

    static Problem retry(int status, String title, String detail, Duration after) {
        return new Problem(status, title, detail, Optional.of(after));
    }

    Response response() {
        Response.ResponseBuilder answer = Response.status(status).type(TYPE).entity(members());
        retryAfter.ifPresent(after -> answer.header(HttpHeaders.RETRY_AFTER, seconds(after)));
        return answer.build();
    }

    /// The same of a route.
    void answer(HttpServerResponse response) {
        retryAfter.ifPresent(after -> response.putHeader(HttpHeaders.RETRY_AFTER, Long.toString(seconds(after))));
        var _ = response.setStatusCode(status)
                .putHeader(HttpHeaders.CONTENT_TYPE, TYPE)
                .end(new JsonObject(members()).toBuffer());
    }

    Map<String, Object> members() {
        return Map.of("type", "about:blank", "status", status, "title", title, "detail", detail);
    }

    private static long seconds(Duration after) {
        return Math.max(1, after.toSeconds());
    }
}
