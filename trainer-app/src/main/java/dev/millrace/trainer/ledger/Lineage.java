package dev.millrace.trainer.ledger;

import dev.millrace.trainer.batch.Untrained;
import java.util.List;

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
    /// @param step that it was first read for
    /// @param stretch that it lies in, and why
    record LeftOut(long step, Untrained stretch) implements Lineage {}

    /// No step has come to it, or its tokens wait for their window, or the run began behind it.
    record Unknown() implements Lineage {}
}
