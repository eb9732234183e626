package dev.millrace.producer.api;

import dev.millrace.producer.publish.Answer;
import dev.millrace.producer.publish.Delivery;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import java.time.Duration;
import java.util.Optional;

/// What a request with one document is answered: the report, or a problem that holds it.
final class SingleAnswer {
    private static final CharSequence JSON = HttpHeaders.createOptimized("application/json");

    private SingleAnswer() {}

    /// @param retryAfter while the broker is away
    static void give(Report.Answered report, HttpServerResponse response, Duration retryAfter) {
        Buffer json = ReportLines.object(report::writeMembers);
        switch (report.answer()) {
            case Delivery.Delivered _, Answer.Duplicate _ -> {
                var _ = response.putHeader(HttpHeaders.CONTENT_TYPE, JSON).end(json);
            }
            case Delivery.Failed not -> {
                if (not.unavailable()) {
                    Problem.unavailable(not.reason(), retryAfter).answer(response);
                } else {
                    problem(502, "The broker refused the document", not.reason(), json)
                            .answer(response);
                }
            }
            case Answer.Conflict no ->
                problem(422, "Not the same document", no.reason(), json).answer(response);
            case Delivery.Unknown open ->
                problem(504, "Sent, fate unknown", open.reason(), json).answer(response);
        }
    }

    private static Problem problem(int status, String title, String detail, Buffer report) {
        return new Problem(status, title, detail, Optional.empty(), report.toJsonObject());
    }
}
