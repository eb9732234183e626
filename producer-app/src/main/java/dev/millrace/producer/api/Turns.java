package dev.millrace.producer.api;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.LongSupplier;

/// Who reads next, where there is not room for all: whoever waits is served before anyone who comes later, and a turn
/// is one buffer of a body. So a request without end, or a hundred of them, keep no other waiting for longer than a
/// round.
///
/// Thread-safe. Holds one entry for each request that waits.
final class Turns {
    private static final long LOOK_AGAIN_MILLIS = 10;
    /// What a turn takes at most: `quarkus.http.limits.max-chunk-size`.
    static final int TURN_BYTES = 64 << 10;

    private final LongSupplier freeBytes;
    private final long patience;
    private final Deque<Turn> waiting = new ArrayDeque<>();

    private record Turn(Context context, Runnable free, Runnable tooLong, long deadline) {}

    /// @param freeBytes how much room there is
    /// @param patience for how long a request waits
    Turns(LongSupplier freeBytes, Duration patience) {
        this.freeBytes = freeBytes;
        this.patience = patience.toNanos();
    }

    /// As [Room#whenFree].
    void take(Context context, Runnable free, Runnable tooLong) {
        synchronized (waiting) {
            if (!waiting.isEmpty() || freeBytes.getAsLong() <= 0) {
                waiting.addLast(new Turn(context, free, tooLong, System.nanoTime() + patience));
                if (waiting.size() == 1) {
                    lookLater(context.owner());
                }
                return;
            }
        }
        free.run();
    }

    private void lookLater(Vertx vertx) {
        vertx.setTimer(LOOK_AGAIN_MILLIS, _ -> look(vertx));
    }

    private void look(Vertx vertx) {
        synchronized (waiting) {
            for (long free = freeBytes.getAsLong(); free > 0 && !waiting.isEmpty(); free -= TURN_BYTES) {
                Turn turn = waiting.removeFirst();
                turn.context().runOnContext(_ -> turn.free().run());
            }
            // All have the same patience: the first in line lose it first.
            long now = System.nanoTime();
            while (!waiting.isEmpty() && now - waiting.getFirst().deadline() >= 0) {
                Turn turn = waiting.removeFirst();
                turn.context().runOnContext(_ -> turn.tooLong().run());
            }
            if (!waiting.isEmpty()) {
                lookLater(vertx);
            }
        }
    }
}
