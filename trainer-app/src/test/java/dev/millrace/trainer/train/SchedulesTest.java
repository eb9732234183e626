package dev.millrace.trainer.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.trainer.batch.BatchConfig;
import dev.millrace.trainer.batch.Ramp;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class SchedulesTest {
    @Test
    void stepsHaveMoreMicroBatchesFromThoseOnThatTheRampNames() {
        assertThat(LongStream.rangeClosed(1, 6).mapToObj(microBatches("3:2, 5:65536")::at))
                .containsExactly(4, 4, 2, 2, 65_536, 65_536);
    }

    @Test
    void aNumberOfMicroBatchesThatCannotBeIsRefusedByName() {
        for (String count : new String[] {"0", "-1", "65537", "123456789012", "two"}) {
            assertThatThrownBy(() -> microBatches("5:" + count))
                    .hasMessage(
                            "millrace.batch.ramp = 5:" + count + ": a step has 1 to 65536 micro-batches, not " + count);
        }
    }

    private static Ramp<Integer> microBatches(String ramp) {
        return Schedules.microBatches(new SmallRyeConfigBuilder()
                .withMapping(BatchConfig.class)
                .withDefaultValues(Map.of("millrace.batch.accumulation", "4", "millrace.batch.ramp", ramp))
                .build()
                .getConfigMapping(BatchConfig.class));
    }
}
