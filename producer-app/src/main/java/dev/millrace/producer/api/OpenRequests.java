package dev.millrace.producer.api;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.ext.web.RoutingContext;
import jakarta.inject.Singleton;
import java.util.concurrent.atomic.AtomicInteger;

/// How many requests bring documents at this moment. Each may have a buffer of its body on the way that nobody
/// has read: in HTTP/1.1 connections are counted (`quarkus.http.limits.max-connections`), but in HTTP/2 each
/// may have a hundred.
///
/// Thread-safe.
@Singleton
final class OpenRequests {
    private final AtomicInteger open = new AtomicInteger();
    private final int most;

    OpenRequests(ApiConfig config, MeterRegistry registry) {
        this.most = config.maxRequests();
        Gauge.builder("millrace.requests.open", open, AtomicInteger::get)
                .description("Requests that bring documents and are not answered yet")
                .register(registry);
    }

    /// @return whether there is a place for one more; it has it until it is answered, or its client is gone
    boolean take(RoutingContext routing) {
        if (open.incrementAndGet() > most) {
            open.decrementAndGet();
            return false;
        }
        routing.addEndHandler(_ -> open.decrementAndGet());
        return true;
    }
}
