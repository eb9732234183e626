package dev.millrace.producer.api;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// The streams of documents that are being taken, and the single documents that are on their way, so that they end well
/// when the process does: also those whose client is gone are counted. Thread-safe.
@Singleton
public final class OpenStreams {
    private static final Duration POLL = Duration.ofMillis(20);

    private final Set<DocumentStream> open = ConcurrentHashMap.newKeySet();
    private final Set<SingleDocument> sent = ConcurrentHashMap.newKeySet();
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

    void add(SingleDocument document) {
        sent.add(document);
    }

    void remove(SingleDocument document) {
        sent.remove(document);
    }

    /// Whether no new request is taken.
    boolean closing() {
        return closing;
    }

    /// Takes no new request, reads no further in the streams that are open, and waits until each has reported what it
    /// took, and the fate of every single document is known.
    ///
    /// @return whether that was in time
    public boolean finish(Duration limit) throws InterruptedException {
        closing = true;
        open.forEach(DocumentStream::stop);
        long deadline = System.nanoTime() + limit.toNanos();
        while (!isEmpty() && System.nanoTime() < deadline) {
            Thread.sleep(POLL);
        }
        return isEmpty();
    }

    private boolean isEmpty() {
        return open.isEmpty() && sent.isEmpty();
    }
}
