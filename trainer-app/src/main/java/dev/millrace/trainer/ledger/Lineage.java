package dev.millrace.trainer.ledger;

import dev.millrace.trainer.batch.Untrained;
import java.util.List;
import java.util.OptionalLong;

/// What a ledger says of a record.
public sealed interface Lineage {
    /// Tokens of it were trained.
    ///
    /// @param steps that did, in their order; of very many only the first
    record Trained(List<LedgerEntry> steps) implements Lineage {
        public Trained {
            steps = List.copyOf(steps);
        }
    }

    /// It was read, and nothing of it is trained.
    ///
    /// @param step that it was first read for; none where the run came to its end with it
    /// @param stretch that it lies in, and why
    record LeftOut(OptionalLong step, Untrained stretch) implements Lineage {}

    /// It was read, and no window is full with its tokens yet.
    ///
    /// @param step that it was first read for
    record Waiting(long step) implements Lineage {}

    /// No step has come to it, or the run began behind it.
    record Unknown() implements Lineage {}
}
