package dev.millrace.trainer.learn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class LearningRateScheduleTest {
    @Test
    void risesLinearlyToThePeakInEverySchedule() {
        LearningRateSchedule schedule = new LearningRateSchedule.Constant(8e-4, 4);

        assertThat(schedule.at(0)).isEqualTo(2e-4);
        assertThat(schedule.at(1)).isEqualTo(4e-4);
        assertThat(schedule.at(3)).isEqualTo(8e-4);
        assertThat(schedule.at(1_000_000)).isEqualTo(8e-4);
    }

    @Test
    void startsAtThePeakWithoutWarmup() {
        assertThat(new LearningRateSchedule.Constant(3e-4, 0).at(0)).isEqualTo(3e-4);
    }

    @Test
    void fallsAlongHalfACosine() {
        LearningRateSchedule schedule = new LearningRateSchedule.Cosine(1.0, 10, 110, 0.1);

        assertThat(schedule.at(9)).isEqualTo(1.0);
        assertThat(schedule.at(10)).isEqualTo(1.0);
        assertThat(schedule.at(35)).isCloseTo(0.1 + 0.9 * (1 + Math.sqrt(0.5)) / 2, within(1e-12));
        assertThat(schedule.at(60)).isCloseTo(0.55, within(1e-12));
        assertThat(schedule.at(110)).isCloseTo(0.1, within(1e-12));
        assertThat(schedule.at(5000)).isCloseTo(0.1, within(1e-12));
    }

    @Test
    void staysAtThePeakUntilTheDecay() {
        LearningRateSchedule schedule = new LearningRateSchedule.WarmupStableDecay(1.0, 10, 100, 20, 0.0);

        assertThat(schedule.at(50)).isEqualTo(1.0);
        assertThat(schedule.at(80)).isEqualTo(1.0);
        assertThat(schedule.at(90)).isCloseTo(0.5, within(1e-12));
        assertThat(schedule.at(100)).isCloseTo(0.0, within(1e-12));
    }

    @Test
    void stepsDownAtEightyAndNinetyPercent() {
        LearningRateSchedule schedule = new LearningRateSchedule.MultiStep(1.0, 10, 1000);

        assertThat(schedule.at(799)).isEqualTo(1.0);
        assertThat(schedule.at(800)).isEqualTo(0.316);
        assertThat(schedule.at(899)).isEqualTo(0.316);
        assertThat(schedule.at(900)).isEqualTo(0.1);
        assertThat(schedule.at(5000)).isEqualTo(0.1);
    }

    @Test
    void namesTheValueThatCannotBe() {
        assertThatThrownBy(() -> new LearningRateSchedule.Constant(0, 1)).hasMessageContaining("peak is 0.0");
        assertThatThrownBy(() -> new LearningRateSchedule.Cosine(1, 10, 10, 0))
                .hasMessageContaining("totalSteps is 10");
        assertThatThrownBy(() -> new LearningRateSchedule.Cosine(1, 1, 10, 2)).hasMessageContaining("minimum is 2.0");
        assertThatThrownBy(() -> new LearningRateSchedule.WarmupStableDecay(1, 5, 10, 6, 0))
                .hasMessageContaining("decaySteps is 6");
        assertThatThrownBy(() -> new LearningRateSchedule.MultiStep(1, -1, 10))
                .hasMessageContaining("warmupSteps is -1");
        assertThatThrownBy(() -> new LearningRateSchedule.Constant(1, 1).at(-1)).hasMessageContaining("step is -1");
    }
}
