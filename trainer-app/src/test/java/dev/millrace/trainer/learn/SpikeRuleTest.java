package dev.millrace.trainer.learn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SpikeRuleTest {
    private final SpikeRule rule = new SpikeRule(2, 4);

    /// Losses 1, 2, 3, 4: mean 2.5, deviation of a sample sqrt(5 / 3) = 1.290994; gradient norms are ten times that.
    private static StepHistory history(int steps) {
        StepHistory history = StepHistory.NONE;
        for (int loss = 1; loss <= steps; loss++) {
            history = history.after(new StepOutcome.Applied(loss, 10 * loss), 4);
        }
        return history;
    }

    @Test
    void whatLiesFurtherThanSigmaAboveTheMeanIsRefused() {
        // 2.5 + 2 * 1.290994 = 5.081988
        assertThat(rule.objection(history(4), 5.0819, 25)).isEmpty();
        assertThat(rule.objection(history(4), 5.0821, 25))
                .contains("loss is 5.082, more than 2.0 sigma above the 2.500 of the last 4 steps (sigma 1.29)");
        assertThat(rule.objection(history(4), 2.5, 50.819)).isEmpty();
        assertThat(rule.objection(history(4), 2.5, 50.821))
                .hasValueSatisfying(reason ->
                        assertThat(reason).startsWith("gradient norm is 50.82, more than 2.0 sigma above the 25.00"));
    }

    @Test
    void whatLiesBelowIsWelcome() {
        assertThat(rule.objection(history(4), -100, 0)).isEmpty();
    }

    @Test
    void nothingIsRefusedBeforeHalfTheWindowIsFilled() {
        assertThat(rule.objection(history(1), 1e9, 1e9)).isEmpty();
        assertThat(rule.objection(history(2), 1e9, 1e9)).isPresent();
    }

    @Test
    void aLevelThatStaysBecomesTheUsualOne() {
        // Given
        StepHistory history = history(4);
        int refused = 0;

        // When
        while (rule.objection(history, 100, 100).isPresent()) {
            history = history.after(new StepOutcome.Spike(100, 100, "a test"), 4);
            refused++;
        }

        // Then
        assertThat(refused).isEqualTo(1);
    }

    @Test
    void theHistoryKeepsTheLastOfTheFiniteStepsAndCountsTheOthersInARow() {
        // When
        StepHistory history = IntStream.range(0, 3)
                .boxed()
                .reduce(
                        history(6),
                        (before, _) -> before.after(new StepOutcome.NonFinite(Double.NaN, 1), 4),
                        (a, b) -> b);

        // Then
        assertThat(history.nonFinite()).isEqualTo(3);
        assertThat(history.recent()).extracting(StepHistory.Reading::loss).containsExactly(3.0, 4.0, 5.0, 6.0);
        assertThat(history.after(new StepOutcome.Spike(9, 9, "a test"), 4).nonFinite())
                .isZero();
        assertThat(history.after(new StepOutcome.Applied(7, 7), 0).recent()).isEmpty();
    }

    @Test
    void refusesRulesThatSayNothing() {
        assertThatThrownBy(() -> new SpikeRule(0, 4)).hasMessageContaining("sigma is 0.0");
        assertThatThrownBy(() -> new SpikeRule(6, 3)).hasMessageContaining("window is 3");
    }
}
