package dev.millrace.producer.api;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// The streams of documents that are being taken, so that they end well when the process does. Thread-safe.
@Singleton
public final class OpenStreams {
    private static final Duration POLL = Duration.ofMillis(20);

    private final Set<DocumentStream> open = ConcurrentHashMap.newKeySet();
    private volatile boolean closing;

    OpenStreams(MeterRegistry registry) {
        Gauge.builder("millrace.streams.open", open, Set::size)
                .description("Streams of documents that are being taken")
                .register(registry);
    }

    void add(DocumentStream stream) {
        open.add(stream);
        if (closing) {
            stream.stop();
        }
    }

    void remove(DocumentStream stream) {
        open.remove(stream);
    }

    /// Whether no new request is taken.
    boolean closing() {
        return closing;
    }

    /// Takes no new request, reads no further in those that are open, and waits until each has reported what it
    /// took.
    ///
    /// @return whether all have, in time
    public boolean finish(Duration limit) throws InterruptedException {
        closing = true;
        open.forEach(DocumentStream::stop);
        long deadline = System.nanoTime() + limit.toNanos();
        while (!open.isEmpty() && System.nanoTime() < deadline) {
            Thread.sleep(POLL);
        }
        return open.isEmpty();
    }
}
