package dev.millrace.producer.api;

import dev.millrace.producer.document.Admission;
import dev.millrace.producer.document.Fault;
import dev.millrace.producer.store.StoreFullException;
import io.vertx.core.Future;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/// A problem as RFC 9457 has it.
///
/// @param retryAfter when trying again is worth it
/// @param more members of its own
record Problem(int status, String title, String detail, Optional<Duration> retryAfter, JsonObject more) {
    /// What holds the room is other requests, not the broker.
    private static final Duration SOON = Duration.ofSeconds(1);

    static Problem of(int status, String title, String detail) {
        return new Problem(status, title, detail, Optional.empty(), new JsonObject());
    }

    static Problem unavailable(String detail, Duration retryAfter) {
        return new Problem(503, "The broker is away", detail, Optional.of(retryAfter), new JsonObject());
    }

    static Problem busy(Duration retryAfter) {
        return busy("documents that await the broker fill millrace.api.max-in-flight", retryAfter);
    }

    static Problem tooMany() {
        return busy("as many requests as millrace.api.max-requests allows bring documents", SOON);
    }

    static Problem busy(String detail, Duration retryAfter) {
        return new Problem(429, "Too much at once", detail, Optional.of(retryAfter), new JsonObject());
    }

    /// A body that is no document, with the place of the fault where it has one.
    static Problem notADocument(Admission.Rejected no) {
        JsonObject place = new JsonObject().put("field", no.field());
        if (no.line() > 0) {
            place.put("line", no.line()).put("column", no.column());
        }
        return new Problem(400, "Not a document", no.describe(), Optional.empty(), place);
    }

    /// A body that cannot be unpacked.
    static Problem broken(Admission.Rejected no) {
        if (no.fault() == Fault.BUSY) {
            return busy(no.reason(), SOON);
        }
        return no.fault() == Fault.TOO_LARGE
                ? of(413, "Body too large", no.reason())
                : of(400, "Body is damaged", no.reason());
    }

    /// The store of media does not take what is too large for the log.
    static Problem store(IOException e, Duration retryAfter) {
        return e instanceof StoreFullException
                ? of(507, "No room left", "the store of media, millrace.claim.directory, is full")
                : new Problem(
                        503,
                        "The store is away",
                        "the store of media, millrace.claim.directory, fails; the log of the producer says why",
                        Optional.of(retryAfter),
                        new JsonObject());
    }

    static Problem late(Duration limit) {
        return of(408, "Too slow", "a document was not whole within millrace.api.body-timeout = " + limit);
    }

    static Problem closing(Duration retryAfter) {
        return new Problem(
                503, "Shutting down", "this producer ends; send it again", Optional.of(retryAfter), new JsonObject());
    }

    /// Answers a request whose body may not have been read to its end: what still comes of it is dropped, for a
    /// while.
    void refuse(HttpServerRequest request) {
        UnreadBody.drop(request, send(request.response()));
    }

    void answer(HttpServerResponse response) {
        var _ = send(response);
    }

    private Future<Void> send(HttpServerResponse response) {
        retryAfter.ifPresent(after -> response.putHeader("Retry-After", Long.toString(Math.max(1, after.toSeconds()))));
        return response.setStatusCode(status)
                .putHeader("Content-Type", "application/problem+json")
                .end(json().toBuffer());
    }

    JsonObject json() {
        return new JsonObject()
                .put("type", "about:blank")
                .put("title", title)
                .put("status", status)
                .put("detail", detail)
                .mergeIn(more);
    }
}
