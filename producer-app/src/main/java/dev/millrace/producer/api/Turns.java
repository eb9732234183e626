package dev.millrace.producer.api;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.Iterator;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongSupplier;

/// Who reads next, where there is not room for all. A turn is one buffer of a body, and whoever has the lowest number
/// is served first.
///
/// A number belongs to a document, from its first byte to its last: what is begun comes to an end before what came
/// later, and a stream goes to the end of the line with each of its documents, so that one without end keeps no other
/// waiting. Were all turns dealt out in a circle, many large documents at once would each get a part of the room, and
/// none would come to its end. Where begun documents have filled the room all the same, one of them goes past its
/// limit, as long as by no more than a document: the one that came first of those that wait, while its client sends.
///
/// Thread-safe. Holds one entry for each request that waits.
final class Turns {
    private static final long LOOK_AGAIN_MILLIS = 10;
    /// What a turn takes at most: `quarkus.http.limits.max-chunk-size`.
    static final int TURN_BYTES = 64 << 10;

    /// A client that has sent nothing for so long is not favoured any more.
    private static final long FAVOUR_NANOS = 200_000_000;

    private static final long NOBODY = Long.MAX_VALUE;

    private final LongSupplier freeBytes;
    private final long largest;
    private final long patience;
    private final TreeMap<Long, Turn> waiting = new TreeMap<>();
    private long numbers;
    /// The document that goes past the limit.
    private long favoured = NOBODY;
    /// When it had its last turn.
    private long favouredAt;

    private record Turn(boolean begun, Context context, Runnable free, Runnable tooLong, long deadline) {
        Turn ofNoDocument() {
            return new Turn(false, context, free, tooLong, deadline);
        }

        void give() {
            context.runOnContext(_ -> free.run());
        }
    }

    /// @param freeBytes how much room there is; negative: by how much it is exceeded
    /// @param largest bytes of a document at most
    /// @param patience for how long a request waits
    Turns(LongSupplier freeBytes, long largest, Duration patience) {
        this.freeBytes = freeBytes;
        this.largest = largest;
        this.patience = patience.toNanos();
    }

    /// A place behind all that were given before.
    long number() {
        synchronized (waiting) {
            return numbers++;
        }
    }

    /// As [Room.Share#whenFree]. One turn at a time is waited for with a number.
    ///
    /// @param begun whether the number is a document's that has begun, and so comes to an end
    void take(long number, boolean begun, Context context, Runnable free, Runnable tooLong) {
        synchronized (waiting) {
            if (number == favoured) {
                favouredAt = System.nanoTime();
            }
            boolean first = waiting.isEmpty() || number < waiting.firstKey();
            if (number != favoured && !(first && freeBytes.getAsLong() > 0)) {
                waiting.put(number, new Turn(begun, context, free, tooLong, System.nanoTime() + patience));
                if (waiting.size() == 1) {
                    lookLater(context.owner());
                }
                return;
            }
        }
        free.run();
    }

    /// The document with this number is whole, or given up.
    void done(long number) {
        synchronized (waiting) {
            if (favoured == number) {
                favoured = NOBODY;
            }
            waiting.computeIfPresent(number, (_, turn) -> turn.ofNoDocument());
        }
    }

    private void lookLater(Vertx vertx) {
        vertx.setTimer(LOOK_AGAIN_MILLIS, _ -> look(vertx));
    }

    private void look(Vertx vertx) {
        synchronized (waiting) {
            long free = freeBytes.getAsLong();
            if (free <= 0 && free > -largest) {
                favourFirst();
            }
            for (; free > 0 && !waiting.isEmpty(); free -= TURN_BYTES) {
                waiting.pollFirstEntry().getValue().give();
            }
            long now = System.nanoTime();
            for (Iterator<Turn> each = waiting.values().iterator(); each.hasNext(); ) {
                Turn turn = each.next();
                if (now - turn.deadline() >= 0) {
                    each.remove();
                    turn.context().runOnContext(_ -> turn.tooLong().run());
                }
            }
            if (!waiting.isEmpty()) {
                lookLater(vertx);
            }
        }
    }

    private void favourFirst() {
        boolean silent = favoured != NOBODY && System.nanoTime() - favouredAt >= FAVOUR_NANOS;
        Iterator<Map.Entry<Long, Turn>> inLine =
                waiting.headMap(silent ? NOBODY : favoured).entrySet().iterator();
        while (inLine.hasNext()) {
            Map.Entry<Long, Turn> next = inLine.next();
            if (next.getValue().begun()) {
                inLine.remove();
                favoured = next.getKey();
                favouredAt = System.nanoTime();
                next.getValue().give();
                return;
            }
        }
    }
}
