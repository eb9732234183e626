package dev.millrace.proof;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class LedgerAuditTest {
    /// Partition 0: five tokens, a bad record at @1, five tokens. Partition 1: eight.
    private static final Map<Integer, NavigableMap<Long, LoggedDocument>> LOG = Map.of(
            0,
            new TreeMap<>(Map.of(0L, new LoggedDocument("a", 5), 2L, new LoggedDocument("b", 5))),
            1,
            new TreeMap<>(Map.of(0L, new LoggedDocument("c", 8))));

    private static final String FIRST = "{\"step\":1,\"partitions\":["
            + "{\"partition\":0,\"windows\":1,\"from\":{\"epoch\":0,\"offset\":0,\"token\":0},"
            + "\"to\":{\"epoch\":0,\"offset\":0,\"token\":4}},"
            + "{\"partition\":1,\"windows\":1,\"from\":{\"epoch\":0,\"offset\":0,\"token\":0},"
            + "\"to\":{\"epoch\":0,\"offset\":0,\"token\":4}}],\"order\":[0,1],\"passedOver\":[],\"turn\":0}";
    private static final String SECOND = "{\"step\":2,\"partitions\":["
            + "{\"partition\":0,\"windows\":1,\"from\":{\"epoch\":0,\"offset\":0,\"token\":4},"
            + "\"to\":{\"epoch\":0,\"offset\":2,\"token\":3}},"
            + "{\"partition\":1,\"windows\":1,\"from\":{\"epoch\":0,\"offset\":0,\"token\":4},"
            + "\"to\":{\"epoch\":0,\"offset\":1,\"token\":0}}],\"order\":[0,1],\"passedOver\":[],\"turn\":0}";
    private static final String THIRD = "{\"step\":3,\"partitions\":["
            + "{\"partition\":0,\"windows\":1,\"from\":{\"epoch\":0,\"offset\":2,\"token\":3},"
            + "\"to\":{\"epoch\":0,\"offset\":3,\"token\":0}}],\"order\":[0],\"passedOver\":[],\"turn\":0}";
    private static final List<String> GOOD =
            List.of(FIRST, result(1, 8, 5.5), SECOND, result(2, 7, 5.25), THIRD, result(3, 1, 5.125));

    @Test
    void aWholeLedgerTrainsEachDocumentOnce() {
        LedgerAudit.Finding finding = LedgerAudit.of(GOOD, LOG, 1);

        assertThat(finding.problems()).isEmpty();
        assertThat(finding.steps()).isEqualTo(3);
        assertThat(finding.trainedOnce()).isEqualTo(3);
        assertThat(finding.duplicates()).isZero();
        assertThat(finding.gaps()).isZero();
    }

    @Test
    void aStepThatWasDoneAgainMayRepeatItsResult() {
        LedgerAudit.Finding finding = LedgerAudit.of(with(4, result(2, 7, 5.25)), LOG, 1);

        assertThat(finding.problems()).isEmpty();
        assertThat(finding.repeatedResults()).isEqualTo(1);
    }

    @Test
    void aRepeatedResultThatDiffersIsFound() {
        assertThat(LedgerAudit.of(with(4, result(2, 7, 5.26)), LOG, 1).problems())
                .singleElement()
                .asString()
                .contains("step 2", "done again with loss 5.26, not 5.25");
    }

    @Test
    void aPositionMayStandBeforeOrAfterABadRecord() {
        // Given the bad record at @1 between the end of one step and the beginning of the next
        List<String> lines = new ArrayList<>(GOOD);
        lines.set(0, FIRST.replaceFirst("\"offset\":0,\"token\":4", "\"offset\":1,\"token\":0"));
        lines.set(1, result(1, 9, 5.5));
        lines.set(2, SECOND.replaceFirst("\"offset\":0,\"token\":4", "\"offset\":2,\"token\":0"));
        lines.set(3, result(2, 6, 5.25));

        assertThat(LedgerAudit.of(lines, LOG, 1).problems()).isEmpty();
    }

    @Test
    void aGapIsFoundAndItsDocumentNamed() {
        List<String> lines = new ArrayList<>(GOOD);
        lines.set(2, SECOND.replaceFirst("\"offset\":0,\"token\":4", "\"offset\":2,\"token\":0"));

        LedgerAudit.Finding finding = LedgerAudit.of(lines, LOG, 1);

        assertThat(finding.gaps()).isEqualTo(1);
        assertThat(finding.duplicates()).isZero();
        assertThat(finding.problems())
                .anySatisfy(problem -> assertThat(problem).contains("from token 5", "stood at 4"))
                .anySatisfy(problem -> assertThat(problem).contains("document b", "not wholly trained"));
    }

    @Test
    void anOverlapIsFoundAndItsDocumentNamed() {
        List<String> lines = new ArrayList<>(GOOD);
        lines.set(2, SECOND.replaceFirst("\"offset\":0,\"token\":4", "\"offset\":0,\"token\":3"));

        LedgerAudit.Finding finding = LedgerAudit.of(lines, LOG, 1);

        assertThat(finding.duplicates()).isEqualTo(1);
        assertThat(finding.gaps()).isZero();
        assertThat(finding.problems())
                .anySatisfy(problem -> assertThat(problem).contains("document a", "trained twice in part"));
    }

    @Test
    void aLedgerThatEndsEarlyLeavesDocumentsOut() {
        LedgerAudit.Finding finding = LedgerAudit.of(GOOD.subList(0, 4), LOG, 1);

        assertThat(finding.gaps()).isEqualTo(1);
        assertThat(finding.trainedOnce()).isEqualTo(2);
    }

    @Test
    void aStepComposedTwiceIsFound() {
        LedgerAudit.Finding finding = LedgerAudit.of(with(3, SECOND), LOG, 1);

        assertThat(finding.duplicates()).isPositive();
        assertThat(finding.problems())
                .anySatisfy(problem -> assertThat(problem).contains("composes step 2 after step 2"));
    }

    @Test
    void aHoleInTheStepsIsFound() {
        List<String> lines = new ArrayList<>(GOOD.subList(0, 2));
        lines.add(THIRD);
        lines.add(result(3, 1, 5.125));

        assertThat(LedgerAudit.of(lines, LOG, 1).problems())
                .anySatisfy(problem -> assertThat(problem).contains("composes step 3 after step 1"))
                .contains("step 2 has no result");
    }

    @Test
    void aStepWithoutResultIsFound() {
        assertThat(LedgerAudit.of(GOOD.subList(0, 5), LOG, 1).problems()).containsExactly("step 3 has no result");
    }

    @Test
    void aResultAheadOfItsCompositionIsFound() {
        assertThat(LedgerAudit.of(with(0, result(1, 8, 5.5)), LOG, 1).problems())
                .containsExactly("line 1 is the result of step 1, which was not composed before");
    }

    @Test
    void aResultWithOtherTokensThanItsCompositionIsFound() {
        List<String> lines = new ArrayList<>(GOOD);
        lines.set(3, result(2, 8, 5.25));

        assertThat(LedgerAudit.of(lines, LOG, 1).problems())
                .containsExactly("step 2 was trained on 8 tokens and composed of 7");
    }

    @Test
    void aTornLineIsFound() {
        assertThat(LedgerAudit.of(with(6, THIRD.substring(0, 30)), LOG, 1).problems())
                .singleElement()
                .asString()
                .startsWith("line 7 is not JSON");
    }

    @Test
    void aPlaceThatTheLogDoesNotHaveIsFound() {
        List<String> lines = new ArrayList<>(GOOD);
        lines.set(4, THIRD.replace("\"offset\":2,\"token\":3", "\"offset\":2,\"token\":6"));

        assertThat(LedgerAudit.of(lines, LOG, 1).problems())
                .anySatisfy(problem -> assertThat(problem).contains("step 3", "the log does not have"));
    }

    /// Nine tokens and then nine again: the epochs of a partition are one stream, and its tail waits for the next.
    private static final Map<Integer, NavigableMap<Long, LoggedDocument>> ONE =
            Map.of(0, new TreeMap<>(Map.of(0L, new LoggedDocument("a", 4), 1L, new LoggedDocument("b", 5))));

    private static final List<String> TWO_EPOCHS = List.of(
            composition(1, "0,\"offset\":0,\"token\":0", "0,\"offset\":1,\"token\":4"),
            result(1, 8, 5.5),
            composition(2, "0,\"offset\":1,\"token\":4", "1,\"offset\":1,\"token\":3"),
            result(2, 8, 5.25),
            composition(3, "1,\"offset\":1,\"token\":3", "1,\"offset\":2,\"token\":0"),
            result(3, 1, 5.125));

    @Test
    void aLedgerOfSeveralEpochsTrainsEachDocumentOnceInEach() {
        LedgerAudit.Finding finding = LedgerAudit.of(TWO_EPOCHS, ONE, 2);

        assertThat(finding.problems()).isEmpty();
        assertThat(finding.trainedOnce()).isEqualTo(2);
    }

    @Test
    void anEpochThatIsMissingIsAGap() {
        LedgerAudit.Finding finding = LedgerAudit.of(TWO_EPOCHS, ONE, 3);

        assertThat(finding.gaps()).isEqualTo(2);
        assertThat(finding.trainedOnce()).isZero();
    }

    @Test
    void aRunForEverOwesWhatLiesBehindItsLastStepToTheNextOne() {
        LedgerAudit.Finding finding = LedgerAudit.soFar(GOOD.subList(0, 4), LOG);

        assertThat(finding.problems()).isEmpty();
        assertThat(finding.trainedOnce()).as("a and c").isEqualTo(2);
        assertThat(finding.waiting()).as("b").isEqualTo(1);
        assertThat(finding.gaps()).isZero();
    }

    @Test
    void aGapInARunForEverIsFound() {
        List<String> lines = new ArrayList<>(GOOD.subList(0, 4));
        lines.set(2, SECOND.replaceFirst("\"offset\":0,\"token\":4", "\"offset\":2,\"token\":0"));

        assertThat(LedgerAudit.soFar(lines, LOG).gaps()).isEqualTo(1);
    }

    private static String composition(int step, String from, String to) {
        return "{\"step\":" + step + ",\"partitions\":[{\"partition\":0,\"windows\":1,\"from\":{\"epoch\":" + from
                + "},\"to\":{\"epoch\":" + to + "}}],\"order\":[0],\"passedOver\":[],\"turn\":0}";
    }

    private static List<String> with(int place, String line) {
        List<String> lines = new ArrayList<>(GOOD);
        lines.add(place, line);
        return lines;
    }

    private static String result(int step, int tokens, double loss) {
        return "{\"step\":" + step + ",\"result\":{\"time\":\"2026-11-24T00:00:00Z\",\"loss\":" + loss
                + ",\"gradientNorm\":1.0,\"learningRate\":0.001,\"tokens\":" + tokens + "}}";
    }
}
