package dev.millrace.producer.api;

import dev.millrace.producer.document.DocumentLimits;
import dev.millrace.producer.publish.DocumentPublisher;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Context;
import jakarta.inject.Singleton;
import java.util.concurrent.atomic.AtomicLong;

/// How many bytes all requests together hold in memory: parts of bodies that are no document yet, and documents that
/// await the broker. Where there is no room, bodies are read no further; a request that waits for too long is
/// refused. Who reads next, [Turns] decides.
///
/// Thread-safe. The limit is not hard: each request may go past it by the one buffer that it was given, and all
/// together by two documents.
@Singleton
final class Room {
    private final DocumentPublisher publisher;
    private final long most;
    private final AtomicLong held = new AtomicLong();
    private final Turns turns;

    Room(DocumentPublisher publisher, DocumentLimits limits, ApiConfig config, MeterRegistry registry) {
        this.publisher = publisher;
        this.most = config.maxInFlight().asLongValue();
        this.turns = new Turns(this::free, limits.maxSize().asLongValue(), config.patience());
        Gauge.builder("millrace.requests.held.bytes", held, AtomicLong::get)
                .description("Parts of request bodies that are no document yet")
                .register(registry);
    }

    private long free() {
        return most - held.get() - publisher.inFlightBytes();
    }

    /// @param context of a request, where what it gives to run is run
    Share share(Context context) {
        return new Share(context);
    }

    /// What one request holds of the room, and its place among those that wait for some. On the event loop of the
    /// request.
    final class Share implements AutoCloseable {
        private static final long NONE = -1;

        private final Context context;
        private long bytes;
        private long document = NONE;

        private Share(Context context) {
            this.context = context;
        }

        /// @param now bytes of the body that are held from now on
        void hold(long now) {
            held.addAndGet(now - bytes);
            bytes = now;
        }

        boolean full() {
            return free() <= 0;
        }

        /// The bytes of a document begin to come: until [#end], the request keeps its place.
        void begin() {
            end();
            document = turns.number();
        }

        /// They have all come, or are given up.
        void end() {
            if (document != NONE) {
                turns.done(document);
                document = NONE;
            }
        }

        /// Waits for room, at most `millrace.api.patience`.
        ///
        /// @param free run at once where there is room and nobody who came before waits for it
        /// @param tooLong run instead where there was none in time
        void whenFree(Runnable free, Runnable tooLong) {
            boolean begun = document != NONE;
            turns.take(begun ? document : turns.number(), begun, context, free, tooLong);
        }

        /// Nothing is held any more. May be called again.
        @Override
        public void close() {
            hold(0);
            end();
        }
    }
}
