package dev.millrace.producer.ingest;

import dev.millrace.producer.document.Fault;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.ObjLongConsumer;
import java.util.stream.Collectors;

/// The documents of an ingestion that were rejected, by the kind of their fault. Those of a transaction count
/// once it is committed: of one that is rolled back they are read again. One thread.
final class RejectionTally {
    private final ObjLongConsumer<Fault> counter;
    private final Map<Fault, Long> open = new EnumMap<>(Fault.class);
    private final Map<Fault, Long> committed = new EnumMap<>(Fault.class);

    /// @param counter of all that is rejected in this process
    RejectionTally(ObjLongConsumer<Fault> counter) {
        this.counter = counter;
    }

    void take(Fault fault) {
        open.merge(fault, 1L, Long::sum);
    }

    void commit() {
        open.forEach((fault, documents) -> {
            counter.accept(fault, documents);
            committed.merge(fault, documents, Long::sum);
        });
        open.clear();
    }

    void rollBack() {
        open.clear();
    }

    /// What was committed, for people; nothing where nothing was rejected.
    String text() {
        return committed.isEmpty()
                ? ""
                : committed.entrySet().stream()
                        .map(entry -> entry.getValue() + " " + entry.getKey().text())
                        .collect(Collectors.joining(", ", "; rejected: ", ""));
    }
}
