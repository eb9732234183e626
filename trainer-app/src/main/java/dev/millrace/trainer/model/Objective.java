package dev.millrace.trainer.model;

/// What a model is trained for besides the cross-entropy of the next token. Where a model lacks the part, its weight
/// has no effect.
///
/// @param balanceWeight of the sequence-wise balance loss of experts (V3, arXiv 2412.19437, eq. 17: alpha)
/// @param predictionWeight of the loss of multi-token prediction (eq. 25: lambda)
public record Objective(double balanceWeight, double predictionWeight) {
    /// The cross-entropy alone, which is what Hugging Face trains for.
    public static final Objective CROSS_ENTROPY = new Objective(0, 0);

    public Objective {
        require("balanceWeight", balanceWeight);
        require("predictionWeight", predictionWeight);
    }

    private static void require(String name, double value) {
        if (!(value >= 0) || Double.isInfinite(value)) {
            throw new IllegalArgumentException(name + " is " + value + ", it must be at least 0");
        }
    }
}
