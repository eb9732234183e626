package dev.millrace.trainer.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class BatchRampTest {
    @Test
    void eachStageHoldsFromItsStepOn() {
        BatchRamp ramp = BatchRamp.parse(1, List.of("3:2", " 5:8"));

        assertThat(LongStream.rangeClosed(1, 6).mapToObj(ramp::at)).containsExactly(1, 1, 2, 2, 8, 8);
        assertThat(ramp.at(1_000_000)).isEqualTo(8);
    }

    @Test
    void withoutStagesEveryStepIsAlike() {
        assertThat(BatchRamp.parse(4, List.of()).at(1)).isEqualTo(4);
        assertThat(BatchRamp.constant(4).at(9)).isEqualTo(4);
    }

    @Test
    void whatIsNoRampIsRefusedByName() {
        assertThatThrownBy(() -> BatchRamp.parse(1, List.of("3-2")))
                .hasMessageContaining("millrace.batch.ramp = 3-2 is no stage");
        assertThatThrownBy(() -> BatchRamp.parse(1, List.of("5:2", "5:4")))
                .hasMessageContaining("millrace.batch.ramp names step 5 after step 5");
        assertThatThrownBy(() -> BatchRamp.parse(1, List.of("0:2")))
                .hasMessageContaining("millrace.batch.ramp names step 0, the first step is 1");
        assertThatThrownBy(() -> BatchRamp.parse(1, List.of("5:0")))
                .hasMessageContaining("millrace.batch.ramp wants 0 micro-batches");
    }
}
