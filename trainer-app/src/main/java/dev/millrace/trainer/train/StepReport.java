package dev.millrace.trainer.train;

import dev.millrace.trainer.batch.Cursor;
import dev.millrace.trainer.learn.StepOutcome;
import java.util.List;

/// One step, as it went.
///
/// @param step its number, from 1
/// @param outcome its loss and gradient norm, and whether it moved the weights
/// @param learningRate it was applied with
/// @param targets tokens trained on
/// @param computeNanos time of the step itself
/// @param waitNanos time it waited for data before it began
/// @param passedOver partitions that stood at their log end
/// @param after how far the log is used
public record StepReport(
        long step,
        StepOutcome outcome,
        double learningRate,
        long targets,
        long computeNanos,
        long waitNanos,
        List<Integer> passedOver,
        Cursor after) {
    public StepReport {
        passedOver = List.copyOf(passedOver);
    }

    public double loss() {
        return outcome.loss();
    }

    public double gradientNorm() {
        return outcome.gradientNorm();
    }
}
