package dev.millrace.trainer.learn;

import java.util.Optional;

/// How one step ended. Loss is in nats per target, the gradient norm is that before clipping.
///
/// But for [Applied], weights, moments, their count and the biases of routers are as before the step, and its
/// gradients are gone.
public sealed interface StepOutcome {
    double loss();

    double gradientNorm();

    /// Why the weights were left as they were, where they were.
    Optional<String> skipped();

    /// The weights were updated.
    record Applied(double loss, double gradientNorm) implements StepOutcome {
        @Override
        public Optional<String> skipped() {
            return Optional.empty();
        }
    }

    /// Loss or gradient norm is no finite number.
    record NonFinite(double loss, double gradientNorm) implements StepOutcome {
        @Override
        public Optional<String> skipped() {
            return Optional.of("loss is " + loss + ", gradient norm is " + gradientNorm);
        }
    }

    /// Loss or gradient norm leapt out of those before, see [SpikeRule].
    record Spike(double loss, double gradientNorm, String reason) implements StepOutcome {
        @Override
        public Optional<String> skipped() {
            return Optional.of(reason);
        }
    }
}
