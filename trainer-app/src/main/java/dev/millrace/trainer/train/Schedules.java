package dev.millrace.trainer.train;

import dev.millrace.trainer.learn.LearningRateSchedule;

/// The learning rate as the settings describe it.
final class Schedules {
    private Schedules() {}

    /// @throws IllegalArgumentException where the schedule decays and no step says until when
    static LearningRateSchedule of(TrainConfig train) {
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
}
