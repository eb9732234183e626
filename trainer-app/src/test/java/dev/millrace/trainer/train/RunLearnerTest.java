package dev.millrace.trainer.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import dev.millrace.trainer.batch.Cursor;
import dev.millrace.trainer.batch.PartitionCursor;
import dev.millrace.trainer.checkpoint.Checkpoint;
import dev.millrace.trainer.checkpoint.CheckpointManifest;
import dev.millrace.trainer.learn.Learner;
import dev.millrace.trainer.learn.SmallModels;
import dev.millrace.trainer.learn.StepHistory;
import dev.millrace.trainer.learn.StepOutcome;
import dev.millrace.trainer.learn.TorchEngine;
import io.quarkus.runtime.configuration.DurationConverter;
import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@SuppressWarnings("NullAway.Init") // JUnit fills the fields
class RunLearnerTest {
    private static final String RANK = "millrace.train.adapter.rank";

    @TempDir
    Path directory;

    private Path base;

    @BeforeAll
    static void startTheEngine() {
        TorchEngine.start(1);
    }

    @BeforeEach
    void writeTheBase() throws IOException {
        base = Files.createDirectory(directory.resolve("base"));
        try (Learner learner = SmallModels.learner(SmallModels.config(2, false), 3)) {
            learner.save(base);
        }
    }

    @Test
    void goesOnWithAdaptersWhereItLeftOff() throws IOException {
        RunLearner wanted = wanted(Map.of(RANK, "4"));
        Checkpoint checkpoint;
        StepOutcome straight;
        try (Learner learner = wanted.start(Optional.empty(), Device.cpu())) {
            // Four projections of 32 x 32, two of which have half the outputs, in two layers.
            assertThat(learner.parameterCount()).isEqualTo(2L * 4 * (2 * (32 + 32) + 2 * (32 + 16)));
            SmallModels.step(learner, 0);
            checkpoint = checkpoint(learner, wanted);
            straight = SmallModels.step(learner, 1);
        }

        try (Learner learner = wanted(Map.of(RANK, "4")).start(Optional.of(checkpoint), Device.cpu())) {
            assertThat(SmallModels.step(learner, 1)).isEqualTo(straight);
        }
    }

    @Test
    void refusesAnotherBaseAnotherRankAndAnotherKindOfRun() throws IOException {
        // Given
        RunLearner wanted = wanted(Map.of(RANK, "4"));
        Checkpoint checkpoint;
        try (Learner learner = wanted.start(Optional.empty(), Device.cpu())) {
            SmallModels.step(learner, 0);
            checkpoint = checkpoint(learner, wanted);
        }

        // Then
        refused(checkpoint, Map.of(RANK, "8"), RANK + "=was 4 and is 8");
        refused(checkpoint, Map.of(RANK, "4", "millrace.train.adapter.alpha", "32"), "alpha=was 16.0 and is 32.0");
        refused(checkpoint, Map.of(), RANK + "=was 4 and is none");
        byte[] weights = Files.readAllBytes(base.resolve("model.safetensors"));
        weights[weights.length - 1] ^= 1;
        Files.write(base.resolve("model.safetensors"), weights);
        refused(checkpoint, Map.of(RANK, "4"), "SHA-256 of millrace.train.model=was ");
    }

    @Test
    void namesTheSettingThatCannotBe() {
        assertThatThrownBy(() -> wanted(Map.of(RANK, "4", "millrace.train.adapter.target-modules", "lm_head")))
                .hasMessageContaining("millrace.train.adapter.*: target modules [lm_head] are unknown");
        String config = base.resolve("config.json").toString();
        assertThatThrownBy(() -> wanted(Map.of(RANK, "4", "millrace.train.model", config)))
                .hasMessageContaining("millrace.train.model = " + config + " is no Hugging Face model directory");
        assertThatThrownBy(() -> wanted(Map.of(RANK, "4", "millrace.train.model", "nowhere")))
                .hasMessageContaining("millrace.train.model = ")
                .hasMessageContaining("nowhere is not there");
    }

    @Test
    void namesTheRampThatCannotBe() {
        refused("millrace.train.router-bias-ramp", "10:much", " = 10:much: much is no number");
        refused("millrace.train.router-bias-ramp", "10:0,5:0.1", " names step 5 after step 10");
        refused("millrace.train.prediction-ramp", "10:-0.1", " = 10:-0.1: it must be at least 0, not -0.1");
        refused("millrace.train.prediction-ramp", "0.1", " = 0.1 is no stage");
    }

    private void refused(String property, String ramp, String problem) {
        assertThatThrownBy(() -> wanted(Map.of(property, ramp))
                        .start(Optional.empty(), Device.cpu())
                        .close())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(property + problem);
    }

    private void refused(Checkpoint checkpoint, Map<String, String> settings, String problem) throws IOException {
        RunLearner wanted = wanted(settings);
        assertThatThrownBy(() ->
                        wanted.start(Optional.of(checkpoint), Device.cpu()).close())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("begun with other settings")
                .hasMessageContaining(problem);
    }

    private Checkpoint checkpoint(Learner learner, RunLearner wanted) throws IOException {
        Path saved = Files.createDirectory(directory.resolve("saved"));
        learner.save(saved);
        Cursor cursor = new Cursor(0, 0, List.of(PartitionCursor.startingAt(0, 0)), Cursor.Counts.NONE);
        return new Checkpoint(
                saved,
                CheckpointManifest.of(
                        1, learner.steps(), 24, 1.5, StepHistory.NONE, cursor, null, wanted.fingerprint()));
    }

    private RunLearner wanted(Map<String, String> settings) throws IOException {
        Map<String, String> all = new HashMap<>(Map.of("millrace.train.model", base.toString()));
        all.putAll(settings);
        SmallRyeConfig config = new SmallRyeConfigBuilder()
                .withMapping(TrainConfig.class)
                .withMapping(EngineConfig.class)
                .withConverter(Duration.class, 200, new DurationConverter())
                .withDefaultValues(all)
                .build();
        return RunLearner.of(config.getConfigMapping(TrainConfig.class), config.getConfigMapping(EngineConfig.class));
    }
}
