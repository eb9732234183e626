package dev.millrace.trainer.learn;

/// The learning rate as a pure function of the step, so that a resumed run needs no state of it.
///
/// All rise linearly over `warmupSteps`: step 0 learns at `peak / warmupSteps`, the last of the warm-up at `peak`.
public sealed interface LearningRateSchedule {
    /// The highest rate.
    double peak();

    long warmupSteps();

    /// The rate of one step.
    ///
    /// @param step updates made before this one, from 0
    default double at(long step) {
        if (step < 0) {
            throw new IllegalArgumentException("step is " + step + ", it must be at least 0");
        }
        return step < warmupSteps() ? peak() * (step + 1) / warmupSteps() : afterWarmup(step);
    }

    private double afterWarmup(long step) {
        return switch (this) {
            case Constant constant -> constant.peak;
            case Cosine cosine ->
                cosine(cosine.peak, cosine.minimum, step - cosine.warmupSteps, cosine.totalSteps - cosine.warmupSteps);
            case WarmupStableDecay wsd ->
                cosine(wsd.peak, wsd.minimum, step - (wsd.totalSteps - wsd.decaySteps), wsd.decaySteps);
            case MultiStep multi -> multi.peak * MultiStep.share(step, multi.totalSteps);
        };
    }

    /// From `peak` at `step` 0 (or before) down to `minimum` at `steps` (and after), along half a cosine.
    private static double cosine(double peak, double minimum, long step, long steps) {
        double progress = Math.clamp((double) step / steps, 0.0, 1.0);
        return minimum + (peak - minimum) * 0.5 * (1 + StrictMath.cos(StrictMath.PI * progress));
    }

    /// `peak` for ever.
    record Constant(double peak, long warmupSteps) implements LearningRateSchedule {
        public Constant {
            requirePeak(peak, warmupSteps);
        }
    }

    /// Half a cosine from `peak` at the end of the warm-up to `minimum` at `totalSteps`, and `minimum` from there
    /// on.
    record Cosine(double peak, long warmupSteps, long totalSteps, double minimum) implements LearningRateSchedule {
        public Cosine {
            requirePeak(peak, warmupSteps);
            requireEnd(peak, warmupSteps, totalSteps, minimum);
        }
    }

    /// `peak` until `decaySteps` before `totalSteps`, then half a cosine to `minimum` (DeepSeek-V3, arXiv
    /// 2412.19437, section 4.2).
    record WarmupStableDecay(double peak, long warmupSteps, long totalSteps, long decaySteps, double minimum)
            implements LearningRateSchedule {
        public WarmupStableDecay {
            requirePeak(peak, warmupSteps);
            requireEnd(peak, warmupSteps, totalSteps, minimum);
            if (decaySteps < 1 || decaySteps > totalSteps - warmupSteps) {
                throw new IllegalArgumentException("decaySteps is " + decaySteps + ", it must be between 1 and "
                        + (totalSteps - warmupSteps) + ", the steps after the warm-up");
            }
        }
    }

    /// `peak`, then 31.6% of it after 80% of `totalSteps`, then 10% after 90% (DeepSeek-LLM, arXiv 2401.02954,
    /// section 2.3; its warm-up has 2000 steps).
    record MultiStep(double peak, long warmupSteps, long totalSteps) implements LearningRateSchedule {
        public MultiStep {
            requirePeak(peak, warmupSteps);
            requireEnd(peak, warmupSteps, totalSteps, 0);
        }

        private static double share(long step, long totalSteps) {
            // In whole numbers: 0.8 * totalSteps would round.
            if (step >= Math.ceilDiv(Math.multiplyExact(9, totalSteps), 10)) {
                return 0.1;
            }
            return step >= Math.ceilDiv(Math.multiplyExact(8, totalSteps), 10) ? 0.316 : 1;
        }
    }

    private static void requirePeak(double peak, long warmupSteps) {
        if (!(peak > 0) || Double.isInfinite(peak)) {
            throw new IllegalArgumentException("peak is " + peak + ", it must be a positive number");
        }
        if (warmupSteps < 0) {
            throw new IllegalArgumentException("warmupSteps is " + warmupSteps + ", it must be at least 0");
        }
    }

    private static void requireEnd(double peak, long warmupSteps, long totalSteps, double minimum) {
        if (totalSteps <= warmupSteps) {
            throw new IllegalArgumentException(
                    "totalSteps is " + totalSteps + ", it must be more than warmupSteps, which is " + warmupSteps);
        }
        if (!(minimum >= 0 && minimum <= peak)) {
            throw new IllegalArgumentException(
                    "minimum is " + minimum + ", it must be between 0 and peak, which is " + peak);
        }
    }
}
