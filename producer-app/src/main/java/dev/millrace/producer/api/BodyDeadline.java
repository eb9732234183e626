package dev.millrace.producer.api;

import io.vertx.core.Vertx;
import java.time.Duration;

/// How long a client may take for the bytes of one document: what came of it holds room that others wait for.
///
/// On the event loop of one request.
final class BodyDeadline {
    private final Vertx vertx;
    private final Duration limit;
    private final Runnable late;
    private long timer = -1;
    private long line = -1;

    /// @param late run where a document was not whole in time
    BodyDeadline(Vertx vertx, Duration limit, Runnable late) {
        this.vertx = vertx;
        this.limit = limit;
        this.late = late;
    }

    /// A document begins.
    void begin() {
        stop();
        timer = vertx.setTimer(limit.toMillis(), _ -> {
            timer = -1;
            late.run();
        });
    }

    /// As far as a stream has come.
    ///
    /// @param ended lines before the one that is coming
    /// @param partial bytes of that one
    void at(long ended, int partial) {
        if (partial == 0) {
            stop();
        } else if (line != ended) {
            begin();
            line = ended;
        }
    }

    /// The document is whole, or given up.
    void stop() {
        line = -1;
        if (timer >= 0) {
            vertx.cancelTimer(timer);
            timer = -1;
        }
    }
}
