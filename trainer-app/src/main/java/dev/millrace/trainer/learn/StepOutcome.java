package dev.millrace.trainer.learn;

/// How one step ended. Loss is in nats per target, the gradient norm is that before clipping.
public sealed interface StepOutcome {
    double loss();

    double gradientNorm();

    /// The weights were updated.
    record Applied(double loss, double gradientNorm) implements StepOutcome {}

    /// The weights and the optimizer are as before the step, its gradients are gone.
    record Skipped(double loss, double gradientNorm, String reason) implements StepOutcome {}
}
