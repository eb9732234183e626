package dev.millrace.producer.publish;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LogLimitTest {
    private long now;

    @Test
    void keepsBackWhatIsTooMuchAndSaysHowMuchThatWas() {
        LogLimit limit = new LogLimit(2, 100, () -> now);

        assertThat(limit.ask()).isZero();
        assertThat(limit.ask()).isZero();
        assertThat(limit.ask()).isEqualTo(-1);
        now = 99;
        assertThat(limit.ask()).isEqualTo(-1);
        now = 100;
        assertThat(limit.ask()).isEqualTo(2);
        assertThat(limit.ask()).isZero();
        assertThat(limit.ask()).isEqualTo(-1);
    }
}
