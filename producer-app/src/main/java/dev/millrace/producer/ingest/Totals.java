package dev.millrace.producer.ingest;

import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.atomic.LongAdder;

/// What an ingestion has done so far. Thread-safe.
final class Totals {
    final LongAdder documents = new LongAdder();
    final LongAdder delivered = new LongAdder();
    final LongAdder rejected = new LongAdder();
    final LongAdder failed = new LongAdder();
    final LongAdder unknown = new LongAdder();
    final LongAdder bytes = new LongAdder();

    /// Whether every document is on the log.
    boolean complete() {
        return delivered.sum() == documents.sum();
    }

    String line(Duration spent) {
        double seconds = Math.max(1e-3, spent.toMillis() / 1000.0);
        return String.format(
                Locale.ROOT,
                "%,d documents: %,d delivered, %,d rejected, %,d failed, %,d unknown; %,.1f MB, %,.0f documents/s",
                documents.sum(),
                delivered.sum(),
                rejected.sum(),
                failed.sum(),
                unknown.sum(),
                bytes.sum() / 1e6,
                delivered.sum() / seconds);
    }
}
