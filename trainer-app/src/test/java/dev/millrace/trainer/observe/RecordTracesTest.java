package dev.millrace.trainer.observe;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class RecordTracesTest {
    private final RecordTraces traces = new RecordTraces(10);

    @Test
    void aStretchHasTheTracesOfItsRecordsEachOnce() {
        fetch(0, "a", "a", "b", "", "", "a", "c");

        assertThat(traces.take(0, 0, 2, 10)).containsExactly("a", "b");
        assertThat(traces.take(0, 3, 4, 10)).isEmpty();
        assertThat(traces.take(0, 4, 6, 10)).containsExactly("a", "c");
        assertThat(traces.take(1, 0, 100, 10)).isEmpty();
    }

    @Test
    void aRecordThatIsTrainedOverTwoStepsIsNamedInBoth() {
        fetch(0, "a", "b");

        assertThat(traces.take(0, 0, 1, 10)).containsExactly("a", "b");
        assertThat(traces.take(0, 1, 1, 10)).containsExactly("b");
    }

    @Test
    void aSecondPassOverTheLogNamesTheSame() {
        fetch(0, "a", "b");
        traces.take(0, 1, 1, 10);

        fetch(0, "a", "b");

        assertThat(traces.take(0, 0, 1, 10)).containsExactly("a", "b");
    }

    @Test
    void noMoreAreKeptOrNamedThanMayBe() {
        RecordTraces few = new RecordTraces(3);
        for (int offset = 0; offset < 5; offset++) {
            few.fetched(0, offset, "trace " + offset);
        }

        assertThat(few.take(0, 0, 4, 10)).containsExactly("trace 2", "trace 3", "trace 4");
        assertThat(few.take(0, 2, 4, 2)).containsExactly("trace 2", "trace 3");
    }

    private void fetch(int partition, String... each) {
        for (int offset = 0; offset < each.length; offset++) {
            traces.fetched(partition, offset, each[offset]);
        }
    }
}
