package dev.millrace.trainer.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.trainer.ledger.SettingsChange;
import dev.millrace.trainer.ledger.SettingsChange.Change;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class SettingsCheckTest {
    private static final String THREADS = "millrace.engine.threads";
    private static final String LENGTH = "millrace.batch.sequence-length";
    private static final Map<String, String> BEFORE = Map.of(THREADS, "8", LENGTH, "512", "topic", "documents");

    private final SettingsCheck check = new SettingsCheck(40, BEFORE, List.of(), OptionalLong.empty());

    @Test
    void aRunGoesOnWithTheSettingsItBeganWith() {
        assertThat(check.changes(BEFORE, Set.of())).isEmpty();
        assertThat(check.changes(BEFORE, Set.of(THREADS))).isEmpty();
    }

    @Test
    void everySettingThatDiffersIsNamedWithBothValues() {
        assertThatThrownBy(() -> check.changes(Map.of(THREADS, "4", LENGTH, "512", "new", "off"), Set.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("the run at step 40 was begun with other settings: ")
                .hasMessageContaining("{millrace.engine.threads=was 8 and is 4, topic=was documents and is (not set)}")
                .hasMessageEndingWith("set them back, or begin a new run in another millrace.checkpoint.directory");
    }

    @Test
    void whereAllThatDifferMayChangeTheErrorSaysHow() {
        assertThatThrownBy(() -> check.changes(with(THREADS, "4"), Set.of()))
                .hasMessageEndingWith("set millrace.checkpoint.accept-changed = millrace.engine.threads");
    }

    @Test
    void aRunOfBeforeIsolationLevelsWereHeldReadCommittedRecordsAndGoesOnWithThem() {
        String isolation = "mp.messaging.incoming.documents.isolation.level";

        assertThat(check.changes(with(isolation, "read_committed"), Set.of())).isEmpty();
        assertThatThrownBy(() -> check.changes(with(isolation, "read_uncommitted"), Set.of()))
                .hasMessageContaining("{" + isolation + "=was read_committed and is read_uncommitted}");
    }

    @Test
    void whatIsAcceptedMayDifferAndNothingElse() {
        assertThat(check.changes(with(THREADS, "4"), Set.of(THREADS))).isEqualTo(Map.of(THREADS, new Change("8", "4")));
        assertThatThrownBy(() -> check.changes(with(LENGTH, "4"), Set.of(THREADS)))
                .hasMessageContaining("{millrace.batch.sequence-length=was 512 and is 4}");
    }

    @Test
    void whatARunIsBoundToCannotBeAccepted() {
        assertThatThrownBy(() -> check.changes(BEFORE, Set.of("topic", THREADS)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(
                        "millrace.checkpoint.accept-changed names [topic], which cannot change within a run")
                .hasMessageContaining(THREADS);
    }

    @Test
    void aChangeThatTheLedgerHasIsWhatTheRunGoesOnWith() {
        SettingsCheck changed = new SettingsCheck(
                40,
                BEFORE,
                List.of(new SettingsChange(41, new TreeMap<>(Map.of(THREADS, new Change("8", "2"))))),
                OptionalLong.empty());

        assertThat(changed.changes(with(THREADS, "2"), Set.of())).isEmpty();
        assertThat(changed.changes(with(THREADS, "8"), Set.of(THREADS)))
                .isEqualTo(Map.of(THREADS, new Change("2", "8")));
    }

    @Test
    void stepsBeforeAChangeAreMadeAgainWithTheSettingsOfBefore() {
        List<SettingsChange> later =
                List.of(new SettingsChange(51, new TreeMap<>(Map.of(THREADS, new Change("8", "2")))));

        assertThatThrownBy(() -> new SettingsCheck(40, BEFORE, later, OptionalLong.empty()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("from step 51 on, the run has other settings [" + THREADS + "]")
                .hasMessageContaining("millrace.train.max-steps = 50");
        assertThatThrownBy(() -> new SettingsCheck(40, BEFORE, later, OptionalLong.of(51)))
                .isInstanceOf(IllegalArgumentException.class);
        SettingsCheck upToThere = new SettingsCheck(40, BEFORE, later, OptionalLong.of(50));
        assertThat(upToThere.changes(BEFORE, Set.of())).isEmpty();
        assertThat(new SettingsCheck(50, BEFORE, later, OptionalLong.empty()).changes(with(THREADS, "2"), Set.of()))
                .isEmpty();
    }

    @Test
    void whatStepsAreMadeOfDoesNotChangeWhileStepsAreToBeMadeAgain() {
        SortedMap<String, Change> threads = new TreeMap<>(Map.of(THREADS, new Change("8", "4")));
        SortedMap<String, Change> length = new TreeMap<>(Map.of(LENGTH, new Change("512", "4")));

        assertThatCode(() -> check.requireNothingAhead(threads, 3)).doesNotThrowAnyException();
        assertThatCode(() -> check.requireNothingAhead(length, 0)).doesNotThrowAnyException();
        assertThatThrownBy(() -> check.requireNothingAhead(length, 3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("[millrace.batch.sequence-length] decide what steps are made of")
                .hasMessageContaining("steps 41 to 43");
    }

    /// A later version may fingerprint more; its checkpoints of before are still its own, for they did without.
    @Test
    void aSettingThatTheCheckpointDoesNotKnowWasOff() {
        assertThat(check.changes(with("new", "off"), Set.of())).isEmpty();
        assertThatThrownBy(() -> check.changes(with("new", "x"), Set.of()))
                .hasMessageContaining("{new=was off and is x}");
    }

    private static Map<String, String> with(String property, String value) {
        Map<String, String> settings = new HashMap<>(BEFORE);
        settings.put(property, value);
        return settings;
    }
}
