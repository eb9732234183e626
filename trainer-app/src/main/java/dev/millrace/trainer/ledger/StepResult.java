package dev.millrace.trainer.ledger;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// What came of a step.
///
/// @param time when it ended
/// @param loss mean over its targets, in nats
/// @param gradientNorm global, before clipping
/// @param learningRate it was applied with
/// @param tokens trained on
/// @param skipped why the weights were left as they were; null where they were not
@JsonInclude(JsonInclude.Include.NON_NULL)
public record StepResult(
        Instant time,
        double loss,
        double gradientNorm,
        double learningRate,
        long tokens,
        @Nullable String skipped) {
    /// The same outcome, whenever it came.
    boolean sameAs(StepResult other) {
        return Double.compare(loss, other.loss) == 0
                && Double.compare(gradientNorm, other.gradientNorm) == 0
                && tokens == other.tokens;
    }
}
