package dev.millrace.trainer.train;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.trainer.checkpoint.CheckpointManifest;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SettingsCheckTest {
    private static final CheckpointManifest BEFORE = CheckpointManifest.of(
            40, 40, 1000, 2.5, Steps.AFTER, null, Map.of("seed", "0", "sequence-length", "512", "micro-batch", "8"));

    @Test
    void aRunGoesOnWithTheSettingsItBeganWith() {
        assertThatCode(() -> SettingsCheck.requireSame(
                        BEFORE, Map.of("seed", "0", "sequence-length", "512", "micro-batch", "8")))
                .doesNotThrowAnyException();
    }

    @Test
    void everySettingThatDiffersIsNamedWithBothValues() {
        assertThatThrownBy(() ->
                        SettingsCheck.requireSame(BEFORE, Map.of("seed", "1", "sequence-length", "512", "new", "x")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("the run at step 40 was begun with other settings: ")
                .hasMessageContaining("{micro-batch=was 8 and is (not set), seed=was 0 and is 1}")
                .hasMessageContaining("set them back, or begin a new run in another millrace.checkpoint.directory")
                .hasMessageNotContaining("sequence-length");
    }

    /// A later version may fingerprint more; its checkpoints of before are still its own.
    @Test
    void aSettingThatTheCheckpointDoesNotKnowIsNoDifference() {
        assertThatCode(() -> SettingsCheck.requireSame(
                        BEFORE, Map.of("seed", "0", "sequence-length", "512", "micro-batch", "8", "new", "x")))
                .doesNotThrowAnyException();
    }
}
