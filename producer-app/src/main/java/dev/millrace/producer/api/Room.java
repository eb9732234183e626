package dev.millrace.producer.api;

import dev.millrace.producer.publish.DocumentPublisher;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Vertx;
import jakarta.inject.Singleton;
import java.util.concurrent.atomic.AtomicLong;

/// How many bytes all requests together hold in memory: parts of bodies that are no document yet, and documents that
/// await the broker. Where there is no room, bodies are read no further; a request that waits for too long is
/// refused.
///
/// Thread-safe. The limit is not hard: each request may go past it by the one buffer that it was given.
@Singleton
final class Room {
    private static final long LOOK_AGAIN_MILLIS = 20;

    private final DocumentPublisher publisher;
    private final ApiConfig config;
    private final AtomicLong held = new AtomicLong();

    Room(DocumentPublisher publisher, ApiConfig config, MeterRegistry registry) {
        this.publisher = publisher;
        this.config = config;
        Gauge.builder("millrace.requests.held.bytes", held, AtomicLong::get)
                .description("Parts of request bodies that are no document yet")
                .register(registry);
    }

    /// @param change bytes of a body that are held from now on; negative: no longer
    void hold(long change) {
        held.addAndGet(change);
    }

    boolean full() {
        return held.get() + publisher.inFlightBytes() >= config.maxInFlight().asLongValue();
    }

    /// Waits for room, on the event loop of the caller, at most `millrace.api.patience`.
    ///
    /// @param free run at once where there is room
    /// @param tooLong run instead where there was none in time
    void whenFree(Vertx vertx, Runnable free, Runnable tooLong) {
        look(vertx, free, tooLong, System.nanoTime() + config.patience().toNanos());
    }

    private void look(Vertx vertx, Runnable free, Runnable tooLong, long deadline) {
        if (!full()) {
            free.run();
        } else if (System.nanoTime() - deadline >= 0) {
            tooLong.run();
        } else {
            vertx.setTimer(LOOK_AGAIN_MILLIS, _ -> look(vertx, free, tooLong, deadline));
        }
    }
}
