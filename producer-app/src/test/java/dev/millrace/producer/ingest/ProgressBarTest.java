package dev.millrace.producer.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProgressBarTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            100 | [################------------------------]  42 %  42.0 MB of 100.0 MB  1,234 documents/s  0:14 left
            80  | [########------------]  42 %  42.0 MB of 100.0 MB  1,234 documents/s  0:14 left
            65  | [##---]  42 %  42.0 MB of 100.0 MB  1,234 documents/s  0:14 left
            60  | 42 %  42.0 MB of 100.0 MB  1,234 documents/s  0:14 left
            20  | 42 %  42.0 MB of 1
            1   | ''
            """)
    void fillsTheLineOfATerminalAndNoMore(int width, String line) {
        ProgressBar bar = new ProgressBar(100_000_000, 42_000_000, 42_000_000, 12_340, Duration.ofSeconds(10));

        assertThat(bar.text(width).strip()).isEqualTo(line);
        assertThat(bar.text(width).length()).isLessThan(width);
    }

    @ParameterizedTest
    @CsvSource({
        // What an earlier run has read does not make this one faster.
        "1000, 500, 100, 10, 0:50 left",
        "1000, 500, 0, 10, -:-- left",
        "1000, 1000, 1000, 10, 0:00 left",
        "1000, 1200, 1200, 10, 0:00 left",
        "0, 0, 0, 0, 0:00 left",
        "1000000, 1000, 1000, 10, 2:46:30 left"
    })
    void saysHowLongItWillTake(long all, long done, long now, long seconds, String left) {
        assertThat(new ProgressBar(all, done, now, 7, Duration.ofSeconds(seconds)).text(200))
                .endsWith(left);
    }

    @Test
    void whereNothingIsToBeReadAllIsDone() {
        assertThat(new ProgressBar(0, 0, 0, 0, Duration.ZERO).text(80))
                .contains("100 %")
                .doesNotContain("-]");
    }
}
