package dev.millrace.trainer.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.trainer.batch.Bounds;
import dev.millrace.trainer.learn.StepOutcome;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class TrainingStatusTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(60);
    private static final Path DIRECTORY = Path.of("step-000000000012");

    private Instant now = Instant.parse("2026-11-24T00:00:00Z");
    private final TrainingStatus status = new TrainingStatus(() -> now, TIMEOUT);

    @Test
    void atFirstThereIsNothingButAStart() {
        assertThat(status.state()).isInstanceOf(TrainingState.Starting.class);
        assertThat(status.started()).isFalse();
        assertThat(status.lastStep()).isEmpty();
        assertThat(status.cursor()).isEmpty();
        assertThat(status.bounds()).isEmpty();
        assertThat(status.lastCheckpoint()).isEmpty();
        assertThat(status.checkpointAge()).isEmpty();
        assertThat(status.silence()).isZero();
    }

    @Test
    void silenceIsCountedFromTheLastSignOfLife() {
        pass(Duration.ofSeconds(50));
        assertThat(status.silence()).hasSeconds(50);

        status.beat();
        pass(Duration.ofSeconds(3));
        assertThat(status.silence()).hasSeconds(3);

        status.enter(new TrainingState.Training());
        assertThat(status.silence()).isZero();
        assertThat(status.state()).isEqualTo(new TrainingState.Training());

        pass(Duration.ofSeconds(5));
        status.stepped(Steps.of(1, 10, 1, 1, Steps.APPLIED));
        assertThat(status.silence()).isZero();

        pass(Duration.ofSeconds(5));
        status.paused(Duration.ofSeconds(2));
        assertThat(status.silence()).isZero();
        assertThat(status.paused()).hasSeconds(2);
    }

    @Test
    void aCheckpointThatIsWrittenIsNoSignOfTheTrainingThread() {
        pass(Duration.ofSeconds(5));
        status.checkpointed(1, DIRECTORY, Duration.ofSeconds(2));

        assertThat(status.silence()).hasSeconds(5);
    }

    @Test
    void theAllowedSilenceIsTwentyOfTheLongestStepsButNeverLessThanTheSetting() {
        assertThat(status.allowedSilence()).isEqualTo(TIMEOUT);

        status.stepped(Steps.of(1, 10, Duration.ofSeconds(2).toNanos(), 0, Steps.APPLIED));
        assertThat(status.allowedSilence()).as("40 s are less").isEqualTo(TIMEOUT);

        status.stepped(Steps.of(2, 10, Duration.ofSeconds(5).toNanos(), 0, Steps.APPLIED));
        status.stepped(Steps.of(3, 10, Duration.ofSeconds(1).toNanos(), 0, Steps.APPLIED));
        assertThat(status.allowedSilence()).isEqualTo(Duration.ofSeconds(100));

        status.checkpointed(3, DIRECTORY, Duration.ofSeconds(30));
        assertThat(status.allowedSilence()).as("a slow disk").isEqualTo(Duration.ofMinutes(10));
    }

    @Test
    void totalsGoOnFromTheRestoredStepAndSumWhatThisProcessDid() {
        Bounds bounds = new Bounds(1, new TreeMap<>(Map.of(0, new Bounds.Stretch(0, 10))));
        status.restored(Steps.AFTER, bounds, 10);
        status.startedUp();
        assertThat(status.totals()).isEqualTo(new TrainingStatus.Totals(10, 0, 0, 0, 0, 0, 0));
        assertThat(status.totals().waitingShare()).isZero();

        StepReport last = Steps.of(12, 50, 200, 100, new StepOutcome.NonFinite(Double.NaN, 1));
        status.stepped(Steps.of(11, 100, 400, 300, Steps.APPLIED));
        status.stepped(last);

        assertThat(status.totals()).isEqualTo(new TrainingStatus.Totals(12, 2, 1, 0, 150, 600, 400));
        assertThat(status.totals().waitingShare()).isEqualTo(0.4);
        assertThat(status.started()).isTrue();
        assertThat(status.lastStep()).hasValue(last);
        assertThat(status.cursor()).hasValue(Steps.AFTER);
        assertThat(status.bounds()).hasValue(bounds);
    }

    @Test
    void checkpointsAreCountedAndAge() {
        status.checkpointed(6, DIRECTORY, Duration.ofSeconds(1));
        pass(Duration.ofSeconds(100));
        status.checkpointed(12, DIRECTORY, Duration.ofSeconds(2));
        Instant at = now;
        pass(Duration.ofSeconds(30));

        assertThat(status.lastCheckpoint())
                .hasValue(new TrainingStatus.CheckpointReport(12, DIRECTORY, Duration.ofSeconds(2), at, 2));
        assertThat(status.checkpointAge()).hasValue(Duration.ofSeconds(30));
    }

    private void pass(Duration time) {
        now = now.plus(time);
    }
}
