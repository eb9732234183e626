package dev.millrace.trainer.learn;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/// Refuses a step whose loss or gradient norm lies far above those of the steps before it: one bad batch then costs a
/// step and not the run (as OLMo-core's `SkipStepOptimizer` does, with 6 sigma over 128 steps).
///
/// The standard deviation is that of a sample. Nothing is refused before half the window is filled.
///
/// @param sigma how many standard deviations above the mean are too many
/// @param window steps that mean and deviation are taken over
public record SpikeRule(double sigma, int window) {
    public SpikeRule {
        if (!(sigma > 0) || Double.isInfinite(sigma)) {
            throw new IllegalArgumentException("sigma is " + sigma + ", it must be a positive number");
        }
        if (window < 4) {
            throw new IllegalArgumentException("window is " + window + ", it must be at least 4 steps");
        }
    }

    /// Why a step is refused, where it is.
    public Optional<String> objection(StepHistory history, double loss, double gradientNorm) {
        List<StepHistory.Reading> recent = history.recent();
        if (recent.size() < window / 2) {
            return Optional.empty();
        }
        return objection("loss", loss, recent, StepHistory.Reading::loss)
                .or(() -> objection("gradient norm", gradientNorm, recent, StepHistory.Reading::gradientNorm));
    }

    private Optional<String> objection(
            String what, double value, List<StepHistory.Reading> recent, ToDoubleFunction<StepHistory.Reading> of) {
        // Summed anew, oldest first, each time: a running sum would depend on where a run was interrupted.
        double sum = 0;
        for (StepHistory.Reading reading : recent) {
            sum += of.applyAsDouble(reading);
        }
        double mean = sum / recent.size();
        double squares = 0;
        for (StepHistory.Reading reading : recent) {
            double difference = of.applyAsDouble(reading) - mean;
            squares += difference * difference;
        }
        double deviation = Math.sqrt(squares / (recent.size() - 1));
        return value - mean <= sigma * deviation
                ? Optional.empty()
                : Optional.of(String.format(
                        Locale.ROOT,
                        "%s is %.4g, more than %s sigma above the %.4g of the last %d steps (sigma %.3g)",
                        what,
                        value,
                        sigma,
                        mean,
                        recent.size(),
                        deviation));
    }
}
