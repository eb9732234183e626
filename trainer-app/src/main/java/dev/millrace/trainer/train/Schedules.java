package dev.millrace.trainer.train;

import dev.millrace.trainer.batch.BatchConfig;
import dev.millrace.trainer.batch.Ramp;
import dev.millrace.trainer.learn.LearningRateSchedule;
import java.util.List;

/// What is another from step to step, as the settings describe it.
final class Schedules {
    private Schedules() {}

    /// @throws IllegalArgumentException where the schedule decays and no step says until when
    static LearningRateSchedule learningRate(TrainConfig train) {
        TrainConfig.LearningRate rate = train.learningRate();
        long end = rate.decaySteps().orElse(train.maxSteps().orElse(-1));
        if (rate.schedule() != TrainConfig.Schedule.CONSTANT && end < 0) {
            throw new IllegalArgumentException("millrace.train.learning-rate.schedule = " + rate.schedule()
                    + " needs millrace.train.learning-rate.decay-steps or millrace.train.max-steps");
        }
        double minimum = rate.floor() * rate.peak();
        return switch (rate.schedule()) {
            case CONSTANT -> new LearningRateSchedule.Constant(rate.peak(), rate.warmupSteps());
            case COSINE -> new LearningRateSchedule.Cosine(rate.peak(), rate.warmupSteps(), end, minimum);
            case WSD ->
                new LearningRateSchedule.WarmupStableDecay(rate.peak(), rate.warmupSteps(), end, end / 10, minimum);
            case MULTI_STEP -> new LearningRateSchedule.MultiStep(rate.peak(), rate.warmupSteps(), end);
        };
    }

    /// How many micro-batches make a step.
    ///
    /// @throws IllegalArgumentException naming the setting
    static Ramp<Integer> microBatches(BatchConfig batch) {
        return Ramp.parse(
                "millrace.batch.ramp", batch.accumulation(), batch.ramp().orElse(List.of()), Schedules::microBatches);
    }

    private static Integer microBatches(String text) {
        // No longer than this, so that it fits an int.
        int count = text.matches("\\d{1,5}") ? Integer.parseInt(text) : 0;
        if (count < 1 || count > BatchConfig.MOST_MICRO_BATCHES) {
            throw new IllegalArgumentException(
                    "a step has 1 to " + BatchConfig.MOST_MICRO_BATCHES + " micro-batches, not " + text);
        }
        return count;
    }

    /// How far the biases of routers move (gamma).
    ///
    /// @throws IllegalArgumentException naming the setting
    static Ramp<Double> routerBiasRate(TrainConfig train) {
        return Ramp.parse(
                "millrace.train.router-bias-ramp",
                train.routerBiasRate(),
                train.routerBiasRamp().orElse(List.of()),
                Schedules::atLeastZero);
    }

    /// What the loss of multi-token prediction weighs (lambda).
    ///
    /// @throws IllegalArgumentException naming the setting
    static Ramp<Double> predictionWeight(TrainConfig train) {
        return Ramp.parse(
                "millrace.train.prediction-ramp",
                train.predictionWeight(),
                train.predictionRamp().orElse(List.of()),
                Schedules::atLeastZero);
    }

    private static Double atLeastZero(String text) {
        double value;
        try {
            value = Double.parseDouble(text);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(text + " is no number", e);
        }
        if (!(value >= 0) || Double.isInfinite(value)) {
            throw new IllegalArgumentException("it must be at least 0, not " + text);
        }
        return value;
    }
}
