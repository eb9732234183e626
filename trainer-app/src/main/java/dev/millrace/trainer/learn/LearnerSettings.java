package dev.millrace.trainer.learn;

import dev.millrace.trainer.batch.Ramp;
import dev.millrace.trainer.model.Precision;
import dev.millrace.trainer.model.Recompute;
import java.util.OptionalDouble;

/// How a model learns. DeepSeek's recipe is [#deepSeek].
///
/// @param seed of the first weights
/// @param beta1 decay of AdamW's first moment, in [0, 1)
/// @param beta2 decay of AdamW's second moment, in [0, 1)
/// @param epsilon added to the root of the bias-corrected second moment
/// @param weightDecay decoupled, times the learning rate, on parameters of two or more dimensions
/// @param maxGradientNorm longer gradients are scaled down to this L2 norm; infinity switches it off
/// @param routerBiasRate how far the bias of an expert moves after a step (V3: gamma), by step
/// @param objective what is trained for besides the cross-entropy
/// @param precision of matrix products
/// @param recompute what the way back computes again instead of keeping it
/// @param initStd standard deviation of first weights; absent: the configuration's `initializer_range`, or 0.006
public record LearnerSettings(
        long seed,
        double beta1,
        double beta2,
        double epsilon,
        double weightDecay,
        double maxGradientNorm,
        Ramp<Double> routerBiasRate,
        Objective objective,
        Precision precision,
        Recompute recompute,
        OptionalDouble initStd) {

    public LearnerSettings {
        require(beta1 >= 0 && beta1 < 1, "beta1", beta1, "in [0, 1)");
        require(beta2 >= 0 && beta2 < 1, "beta2", beta2, "in [0, 1)");
        require(epsilon > 0 && Double.isFinite(epsilon), "epsilon", epsilon, "positive");
        require(weightDecay >= 0 && Double.isFinite(weightDecay), "weightDecay", weightDecay, "at least 0");
        require(maxGradientNorm > 0, "maxGradientNorm", maxGradientNorm, "positive");
        routerBiasRate
                .values()
                .forEach(rate -> require(rate >= 0 && Double.isFinite(rate), "routerBiasRate", rate, "at least 0"));
        initStd.ifPresent(std -> require(std > 0 && Double.isFinite(std), "initStd", std, "positive"));
    }

    /// Betas 0.9 and 0.95, weight decay 0.1, clipping at 1 (DeepSeek-LLM, arXiv 2401.02954, section 2.3),
    /// float32, and the cross-entropy alone, with routers that stay as they are.
    public static LearnerSettings deepSeek(long seed) {
        return new LearnerSettings(
                seed,
                0.9,
                0.95,
                1e-8,
                0.1,
                1.0,
                Ramp.constant(0.0),
                Objective.CROSS_ENTROPY,
                Precision.FP32,
                Recompute.NONE,
                OptionalDouble.empty());
    }

    /// The same, in another precision.
    public LearnerSettings with(Precision other) {
        return with(other, recompute);
    }

    /// The same, computing again what is not kept.
    public LearnerSettings with(Recompute other) {
        return with(precision, other);
    }

    private LearnerSettings with(Precision otherPrecision, Recompute otherRecompute) {
        return new LearnerSettings(
                seed,
                beta1,
                beta2,
                epsilon,
                weightDecay,
                maxGradientNorm,
                routerBiasRate,
                objective,
                otherPrecision,
                otherRecompute,
                initStd);
    }

    private static void require(boolean holds, String name, double value, String rule) {
        if (!holds) {
            throw new IllegalArgumentException(name + " is " + value + ", it must be " + rule);
        }
    }
}
