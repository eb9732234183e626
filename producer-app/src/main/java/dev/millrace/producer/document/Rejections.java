package dev.millrace.producer.document;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.inject.Singleton;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;

/// Counts the documents that were not taken, whichever way they came, by the kind of their fault. Thread-safe.
@Singleton
public final class Rejections {
    private final Map<Fault, Counter> counters = new EnumMap<>(Fault.class);

    Rejections(MeterRegistry registry) {
        for (Fault fault : Fault.values()) {
            counters.put(
                    fault,
                    Counter.builder("millrace.rejected")
                            .description("Documents that were not taken")
                            .tag("reason", fault.text())
                            .register(registry));
        }
    }

    public void count(Admission.Rejected no) {
        count(no.fault(), 1);
    }

    /// @param documents that have this fault
    public void count(Fault fault, long documents) {
        Objects.requireNonNull(counters.get(fault)).increment((double) documents);
    }
}
