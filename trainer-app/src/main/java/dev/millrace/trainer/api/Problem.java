package dev.millrace.trainer.api;

import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/// A problem as RFC 9457 has it.
///
/// @param retryAfter when trying again is worth it
record Problem(int status, String title, String detail, Optional<Duration> retryAfter) {
    static Problem of(int status, String title, String detail) {
        return new Problem(status, title, detail, Optional.empty());
    }

    static Problem retry(int status, String title, String detail, Duration after) {
        return new Problem(status, title, detail, Optional.of(after));
    }

    Response response() {
        Response.ResponseBuilder answer = Response.status(status)
                .type("application/problem+json")
                .entity(Map.of("type", "about:blank", "status", status, "title", title, "detail", detail));
        retryAfter.ifPresent(after -> answer.header(HttpHeaders.RETRY_AFTER, Math.max(1, after.toSeconds())));
        return answer.build();
    }
}
