package dev.millrace.trainer.train;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.trainer.batch.Bounds;
import dev.millrace.trainer.batch.Cursor;
import dev.millrace.trainer.batch.PartitionCursor;
import dev.millrace.trainer.learn.StepOutcome;
import dev.millrace.trainer.pack.Position;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class ProgressLineTest {
    private static final Position START = Position.startingAt(0);

    @Test
    void aLineSaysHowTheRunGoes() {
        StepReport report = Steps.of(1200, 256, 750_000_000, 250_000_000, Steps.APPLIED);
        TrainingStatus.Totals totals = TrainingStatus.Totals.NONE.plus(report);

        assertThat(ProgressLine.of(report, totals, OptionalLong.of(2000), OptionalDouble.of(0.6)))
                .isEqualTo("step 1,200 of 2,000  loss 2.5000  gradient norm 1.250  learning rate 5.00e-05  256 tokens/s"
                        + "  waiting 25.0 %  60 % done");
    }

    @Test
    void aRunWithoutAnEndAndWithoutTimeSpentHasALineToo() {
        StepReport report = Steps.of(1, 256, 0, 0, new StepOutcome.NonFinite(Double.NaN, 1));
        TrainingStatus.Totals totals = TrainingStatus.Totals.NONE.plus(report);

        assertThat(ProgressLine.of(report, totals, OptionalLong.empty(), OptionalDouble.empty()))
                .startsWith("step 1  loss")
                .contains("  0 tokens/s  waiting 0.0 %")
                .doesNotContain("done")
                .endsWith("  SKIPPED: loss is NaN, gradient norm is 1.0");
    }

    @Test
    void theTimeLeftFollowsFromWhatThisProcessHasDone() {
        assertThat(ProgressLine.eta(0.5, 0.6, Duration.ofSeconds(30))).isEqualTo("  ETA 2:00");
        assertThat(ProgressLine.eta(0.5, 0.5, Duration.ofSeconds(30))).isEmpty();
        assertThat(ProgressLine.eta(0, 1, Duration.ofSeconds(30))).isEqualTo("  ETA 0:00");
    }

    @Test
    void theShareOfARunWithoutBoundsIsThatOfItsSteps() {
        Cursor cursor = cursor(new PartitionCursor(0, START, START, 0, false));

        assertThat(ProgressLine.share(50, cursor, OptionalLong.of(200), Optional.empty()))
                .hasValue(0.25);
        assertThat(ProgressLine.share(50, cursor, OptionalLong.empty(), Optional.empty()))
                .isEmpty();
    }

    @Test
    void theShareOfABoundedRunIsThatOfItsOffsetsInAllEpochs() {
        // Given two epochs over 10 + 30 records: 10 + 5 of the first partition's 20, 60 of the second's 60
        Bounds bounds =
                new Bounds(2, new TreeMap<>(Map.of(0, new Bounds.Stretch(100, 110), 1, new Bounds.Stretch(0, 30))));
        Cursor cursor = cursor(
                new PartitionCursor(0, new Position(1, 105, 7), START, 0, false),
                new PartitionCursor(1, new Position(1, 30, 0), START, 0, true));

        assertThat(ProgressLine.share(1, cursor, OptionalLong.empty(), Optional.of(bounds)))
                .hasValue(75.0 / 80);
        // Whichever end comes first.
        assertThat(ProgressLine.share(99, cursor, OptionalLong.of(100), Optional.of(bounds)))
                .hasValue(0.99);
        assertThat(ProgressLine.share(1, cursor, OptionalLong.of(100), Optional.of(bounds)))
                .hasValue(75.0 / 80);
    }

    @Test
    void aRunOverNothingIsDone() {
        Bounds bounds = new Bounds(1, new TreeMap<>(Map.of(0, new Bounds.Stretch(5, 5))));
        Cursor cursor = cursor(new PartitionCursor(0, Position.startingAt(5), START, 0, true));

        assertThat(ProgressLine.share(0, cursor, OptionalLong.empty(), Optional.of(bounds)))
                .hasValue(1);
    }

    private static Cursor cursor(PartitionCursor... partitions) {
        return new Cursor(0, 0, List.of(partitions), Cursor.Counts.NONE);
    }
}
