package dev.millrace.producer.api;

import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/// How long a client may take for the bytes of one document: what came of it holds room that others wait for. Only
/// the time counts in which its bytes are asked for: that a body is not read for want of room, or while what came of
/// it is worked on, is not its client's fault.
///
/// On the event loop of one request.
final class BodyDeadline {
    private final Vertx vertx;
    private final long limit;
    private final Runnable late;
    private long timer = -1;
    private boolean timed;
    private boolean asked;
    /// Since when the client is waited for, where it is, and for how long it was before, for this document.
    private long since;

    private long waited;

    /// @param late run where a document was not whole in time
    BodyDeadline(Vertx vertx, Duration limit, Runnable late) {
        this.vertx = vertx;
        this.limit = limit.toNanos();
        this.late = late;
    }

    /// A document begins.
    void begin() {
        timed = true;
        waited = 0;
        since = System.nanoTime();
        watch();
    }

    /// The next bytes are asked for.
    void ask() {
        if (!asked) {
            asked = true;
            since = System.nanoTime();
            watch();
        }
    }

    /// They came, or are not asked for any more.
    void pause() {
        if (asked) {
            waited = waited();
            asked = false;
        }
    }

    /// The document is whole, or given up.
    void stop() {
        timed = false;
        if (timer >= 0) {
            vertx.cancelTimer(timer);
            timer = -1;
        }
    }

    private long waited() {
        return asked ? waited + System.nanoTime() - since : waited;
    }

    private void watch() {
        if (timed && asked && timer < 0) {
            long left = TimeUnit.NANOSECONDS.toMillis(limit - waited());
            timer = vertx.setTimer(Math.max(1, left), _ -> look());
        }
    }

    private void look() {
        timer = -1;
        if (timed && asked && waited() >= limit) {
            stop();
            late.run();
        } else {
            watch();
        }
    }
}
