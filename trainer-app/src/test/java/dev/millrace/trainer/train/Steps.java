package dev.millrace.trainer.train;

import dev.millrace.trainer.batch.Cursor;
import dev.millrace.trainer.batch.PartitionCursor;
import dev.millrace.trainer.learn.StepOutcome;
import java.util.List;

/// Reports of steps that nobody took.
final class Steps {
    /// Where partition 0 stands after any of them.
    static final Cursor AFTER =
            new Cursor(0, 0, List.of(PartitionCursor.startingAt(0, 7)), new Cursor.Counts(7, 700, 70, 0, 0, 0));

    static final StepOutcome APPLIED = new StepOutcome.Applied(2.5, 1.25);

    private Steps() {}

    static StepReport of(long step, long targets, long computeNanos, long waitNanos, StepOutcome outcome) {
        return new StepReport(step, outcome, 5e-5, targets, computeNanos, waitNanos, List.of(), AFTER);
    }
}
