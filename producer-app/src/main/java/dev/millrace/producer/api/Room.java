package dev.millrace.producer.api;

import dev.millrace.producer.publish.DocumentPublisher;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Context;
import jakarta.inject.Singleton;
import java.util.concurrent.atomic.AtomicLong;

/// How many bytes all requests together hold in memory: parts of bodies that are no document yet, and documents that
/// await the broker. Where there is no room, bodies are read no further; a request that waits for too long is
/// refused.
///
/// Thread-safe. The limit is not hard: each request may go past it by the one buffer that it was given.
@Singleton
final class Room {
    private final DocumentPublisher publisher;
    private final long most;
    private final AtomicLong held = new AtomicLong();
    private final Turns turns;

    Room(DocumentPublisher publisher, ApiConfig config, MeterRegistry registry) {
        this.publisher = publisher;
        this.most = config.maxInFlight().asLongValue();
        this.turns = new Turns(this::free, config.patience());
        Gauge.builder("millrace.requests.held.bytes", held, AtomicLong::get)
                .description("Parts of request bodies that are no document yet")
                .register(registry);
    }

    /// @param change bytes of a body that are held from now on; negative: no longer
    void hold(long change) {
        held.addAndGet(change);
    }

    boolean full() {
        return free() <= 0;
    }

    private long free() {
        return most - held.get() - publisher.inFlightBytes();
    }

    /// Waits for room, at most `millrace.api.patience`.
    ///
    /// @param context of the caller, where one of these is run
    /// @param free run at once where there is room and nobody waits for it
    /// @param tooLong run instead where there was none in time
    void whenFree(Context context, Runnable free, Runnable tooLong) {
        turns.take(context, free, tooLong);
    }
}
