package dev.millrace.trainer.ledger;

import dev.millrace.trainer.batch.Composition;
import dev.millrace.trainer.batch.Skip;
import dev.millrace.trainer.pack.Position;
import java.time.Instant;
import java.util.List;
import java.util.TreeMap;

/// Steps to put into a ledger.
final class LedgerSteps {
    private LedgerSteps() {}

    static Composition step(int partition, long from, long to, int token) {
        TreeMap<Integer, Long> read = new TreeMap<>();
        read.put(partition, to);
        return new Composition(
                List.of(new Composition.Stretch(partition, 2, new Position(0, from, 0), new Position(0, to, token))),
                List.of(partition, partition),
                List.of(1),
                partition,
                read,
                List.of(),
                List.of());
    }

    /// The same step, from which on a range is left out.
    static Composition leaving(Composition step, Skip skip) {
        return new Composition(
                step.partitions(),
                step.order(),
                step.passedOver(),
                step.turn(),
                step.read(),
                List.of(skip),
                step.untrained());
    }

    static StepResult result(double loss) {
        return new StepResult(Instant.parse("2026-11-24T00:00:00.25Z"), loss, 1.5, 1e-4, 64, null);
    }

    static List<Long> numbers(List<LedgerEntry> entries) {
        return entries.stream().map(LedgerEntry::step).toList();
    }
}
