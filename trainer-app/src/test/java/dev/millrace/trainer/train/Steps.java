package dev.millrace.trainer.train;

import dev.millrace.trainer.batch.Cursor;
import dev.millrace.trainer.batch.PartitionCursor;
import java.util.List;
import java.util.Optional;

/// Reports of steps that nobody took.
final class Steps {
    /// Where partition 0 stands after any of them.
    static final Cursor AFTER =
            new Cursor(0, 0, List.of(PartitionCursor.startingAt(0, 7)), new Cursor.Counts(7, 700, 70, 0, 0, 0));

    private Steps() {}

    static StepReport of(long step, long targets, long computeNanos, long waitNanos, Optional<String> skipped) {
        return new StepReport(step, 2.5, 1.25, 5e-5, targets, computeNanos, waitNanos, List.of(), skipped, AFTER);
    }
}
