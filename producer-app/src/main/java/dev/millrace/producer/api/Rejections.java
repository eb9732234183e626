package dev.millrace.producer.api;

import dev.millrace.producer.document.Admission;
import dev.millrace.producer.document.Fault;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.inject.Singleton;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;

/// Counts the documents that were not taken, by the kind of their fault. Thread-safe.
@Singleton
final class Rejections {
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

    void count(Admission.Rejected no) {
        Objects.requireNonNull(counters.get(no.fault())).increment();
    }
}
