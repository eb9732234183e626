package dev.millrace.trainer.learn;

import dev.millrace.trainer.batch.Ramp;

/// What a model is trained for besides the cross-entropy of the next token. Where a model lacks the part, its weight
/// has no effect.
///
/// @param balanceWeight of the sequence-wise balance loss of experts (V3, arXiv 2412.19437, eq. 17: alpha)
/// @param predictionWeight of the loss of multi-token prediction (eq. 25: lambda), by step
public record Objective(double balanceWeight, Ramp<Double> predictionWeight) {
    /// The cross-entropy alone, which is what Hugging Face trains for.
    public static final Objective CROSS_ENTROPY = new Objective(0, 0);

    public Objective {
        require("balanceWeight", balanceWeight);
        predictionWeight.values().forEach(weight -> require("predictionWeight", weight));
    }

    /// The same in each step.
    public Objective(double balanceWeight, double predictionWeight) {
        this(balanceWeight, Ramp.constant(predictionWeight));
    }

    private static void require(String name, double value) {
        if (!(value >= 0) || Double.isInfinite(value)) {
            throw new IllegalArgumentException(name + " is " + value + ", it must be at least 0");
        }
    }
}
