package dev.millrace.trainer.train;

import dev.millrace.trainer.batch.Cursor;
import java.util.List;
import java.util.Optional;

/// One step, as it went.
///
/// @param step its number, from 1
/// @param loss mean over its targets, in nats
/// @param gradientNorm global, before clipping
/// @param learningRate it was applied with
/// @param targets tokens trained on
/// @param computeNanos time of the step itself
/// @param waitNanos time it waited for data before it began
/// @param passedOver partitions that stood at their log end
/// @param skipped why the weights were left as they were, where they were
/// @param after how far the log is used
public record StepReport(
        long step,
        double loss,
        double gradientNorm,
        double learningRate,
        long targets,
        long computeNanos,
        long waitNanos,
        List<Integer> passedOver,
        Optional<String> skipped,
        Cursor after) {
    public StepReport {
        passedOver = List.copyOf(passedOver);
    }
}
