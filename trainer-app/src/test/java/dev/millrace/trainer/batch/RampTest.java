package dev.millrace.trainer.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class RampTest {
    @Test
    void eachStageHoldsFromItsStepOn() {
        Ramp<Integer> ramp = parse("3:2", " 5:8");

        assertThat(LongStream.rangeClosed(1, 6).mapToObj(ramp::at)).containsExactly(1, 1, 2, 2, 8, 8);
        assertThat(ramp.at(1_000_000)).isEqualTo(8);
        assertThat(ramp.values()).containsExactly(1, 2, 8);
    }

    @Test
    void withoutStagesEveryStepIsAlike() {
        assertThat(parse().at(1)).isEqualTo(1);
        assertThat(Ramp.constant(4).at(9)).isEqualTo(4);
    }

    @Test
    void whatIsNoRampIsRefusedByName() {
        assertThatThrownBy(() -> parse("3-2")).hasMessageContaining("a.ramp = 3-2 is no stage");
        assertThatThrownBy(() -> parse("5:2", "5:4")).hasMessageContaining("a.ramp names step 5 after step 5");
        assertThatThrownBy(() -> parse("0:2")).hasMessageContaining("a.ramp names step 0, the first step is 1");
        assertThatThrownBy(() -> parse("5:many")).hasMessageStartingWith("a.ramp = 5:many: ");
    }

    private static Ramp<Integer> parse(String... stages) {
        return Ramp.parse("a.ramp", 1, List.of(stages), Integer::valueOf);
    }
}
