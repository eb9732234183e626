package dev.millrace.trainer.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.withinPercentage;

import dev.millrace.trainer.batch.Ramp;
import dev.millrace.trainer.learn.LearnerSettings;
import dev.millrace.trainer.learn.Objective;
import dev.millrace.trainer.learn.SmallModels;
import dev.millrace.trainer.learn.SpikeRule;
import dev.millrace.trainer.learn.TorchEngine;
import dev.millrace.trainer.weights.SafetensorsFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class TrainingLoopTest {
    /// A record gives the step of its number, once the one token before them is read.
    private static final String EASY = "ABABABABABABABAB";
    private static final String OVERFLOW = "ABABABAZABABABAB";
    private static final String SPIKE = "A9_X3KQ7TV1H5RM2";

    private static final List<String> LEARNED = List.of("model.safetensors", "optimizer.safetensors", "config.json");

    @TempDir
    private Path root;

    private Path model;

    @BeforeAll
    static void startTheEngine() {
        TorchEngine.start(1);
    }

    @BeforeEach
    void aModelThatOverflowsAtZ() throws IOException {
        model = Files.createDirectory(root.resolve("model"));
        SmallRun.modelThatCannotRead('Z', SmallModels.experts(), model);
    }

    private SmallRun run(String name, int maxNonFinite, Optional<SpikeRule> spikes) throws IOException {
        return new SmallRun(Files.createDirectory(root.resolve(name)), model, maxNonFinite, spikes, Ramp.constant(1));
    }

    @Test
    void aStepThatOverflowsChangesNothingAndTheNextGoesOn() throws Exception {
        // Given
        SmallRun run = run("run", 10, Optional.empty());

        // When
        run.trainTo(4, records(5, 3, OVERFLOW));

        // Then: experts, their biases and moments included
        assertThat(run.skipped()).containsOnlyKeys(3L);
        assertThat(run.skipped().get(3L)).contains("NaN");
        for (String file : LEARNED) {
            assertThat(run.file(3, file)).hasSameBinaryContentAs(run.file(2, file));
        }
        assertThat(Files.mismatch(run.file(4, "model.safetensors"), run.file(3, "model.safetensors")))
                .isNotNegative();
        assertThat(run.status.totals().nonFinite()).isEqualTo(1);
        assertThat(run.status.totals().steps()).isEqualTo(4);
    }

    @Test
    void aSpikeChangesNothingWhereThatIsAskedFor() throws Exception {
        // Given
        String[] records = records(14, 11, SPIKE);
        SmallRun careful = run("careful", 10, Optional.of(new SpikeRule(3, 8)));
        SmallRun trusting = run("trusting", 10, Optional.empty());

        // When
        careful.trainTo(12, records);
        trusting.trainTo(12, records);

        // Then
        assertThat(careful.skipped()).containsOnlyKeys(11L);
        assertThat(careful.skipped().get(11L)).startsWith("loss is ").contains("more than 3.0 sigma above");
        for (String file : LEARNED) {
            assertThat(careful.file(11, file)).hasSameBinaryContentAs(careful.file(10, file));
        }
        assertThat(careful.status.totals().spikes()).isEqualTo(1);
        assertThat(trusting.skipped()).isEmpty();
    }

    @Test
    void aRunThatIsInterruptedSkipsTheSameStepsToTheSameBits() throws Exception {
        // Given
        String[] records = records(14, 11, SPIKE);
        records[5] = OVERFLOW;
        Optional<SpikeRule> rule = Optional.of(new SpikeRule(3, 8));
        SmallRun undisturbed = run("undisturbed", 10, rule);
        SmallRun interrupted = run("interrupted", 10, rule);

        // When
        undisturbed.trainTo(13, records);
        for (long step : List.of(6, 9, 10, 13)) {
            interrupted.trainTo(step, records);
        }

        // Then
        assertThat(undisturbed.skipped()).containsOnlyKeys(6L, 11L);
        assertThat(interrupted.skipped()).isEqualTo(undisturbed.skipped());
        for (String file : LEARNED) {
            assertThat(interrupted.file(13, file)).hasSameBinaryContentAs(undisturbed.file(13, file));
        }
    }

    @Test
    void tooManyInARowStopTheTrainingAlsoWhereItWasInterrupted() throws Exception {
        // Given
        String[] records = records(9, 4, OVERFLOW);
        Arrays.fill(records, 3, 9, OVERFLOW);
        SmallRun run = run("run", 4, Optional.empty());
        run.trainTo(5, records);

        // When
        assertThatThrownBy(() -> run.trainTo(8, records))
                .isInstanceOf(DivergedException.class)
                .hasMessageStartingWith("steps 4 to 7 could not be applied, 4 in a row (millrace.train.max-non-finite)")
                .hasMessageContainingAll("loss is NaN", "as after step 3", "/v1/lineage?step=7");

        // Then: the last checkpoint is one of before, and the steps of after it are in the ledger
        assertThat(run.file(6, "manifest.json")).exists();
        assertThat(run.file(7, "manifest.json")).doesNotExist();
        assertThat(run.skipped()).containsOnlyKeys(4L, 5L, 6L, 7L);
    }

    @Test
    void stepsGrowAsTheRampSaysAndARunThatIsInterruptedMakesTheSame() throws Exception {
        // Given: the step that is interrupted is the last small one
        String[] records = records(20, 9, SPIKE);
        Ramp<Integer> ramp = new Ramp<>(1, new TreeMap<>(Map.of(3L, 2, 6L, 3)));
        SmallRun undisturbed = grown("undisturbed", ramp);
        SmallRun interrupted = grown("interrupted", ramp);

        // When
        undisturbed.trainTo(7, records);
        for (long step : List.of(2, 5, 7)) {
            interrupted.trainTo(step, records);
        }

        // Then
        assertThat(undisturbed.windows()).containsExactly(1, 1, 2, 2, 2, 3, 3);
        assertThat(interrupted.windows()).isEqualTo(undisturbed.windows());
        for (String file : LEARNED) {
            assertThat(interrupted.file(7, file)).hasSameBinaryContentAs(undisturbed.file(7, file));
        }
    }

    @Test
    void biasRateAndPredictionWeightAreThoseOfTheStepAlsoWhereTheRunWasInterrupted() throws Exception {
        // Given: biases stand still from step 4 on, and the token after next counts no more from step 3 on
        String[] records = records(8, 5, SPIKE);
        Ramp<Double> biasRate = new Ramp<>(0.001, new TreeMap<>(Map.of(4L, 0.0)));
        Ramp<Double> predictionWeight = new Ramp<>(0.3, new TreeMap<>(Map.of(3L, 0.0)));
        LearnerSettings settings = SmallModels.settings(3, biasRate, new Objective(1e-4, predictionWeight));
        SmallRun undisturbed = run("undisturbed", 10, Optional.empty()).learning(settings);
        SmallRun interrupted = run("interrupted", 10, Optional.empty()).learning(settings);

        // When
        undisturbed.trainTo(6, records);
        for (long step : List.of(2, 3, 5, 6)) {
            interrupted.trainTo(step, records);
        }

        // Then
        for (SmallRun run : List.of(undisturbed, interrupted)) {
            assertThat(bias(run, 3)).isNotEqualTo(bias(run, 2));
            assertThat(bias(run, 6)).isEqualTo(bias(run, 3)).isNotEqualTo(bias(run, 1));
            assertThat(momentum(run, 2)).isNotCloseTo(0.9f * momentum(run, 1), withinPercentage(1));
            for (int step = 3; step <= 6; step++) {
                // Without a gradient it decays by beta1.
                assertThat(momentum(run, step)).isCloseTo(0.9f * momentum(run, step - 1), withinPercentage(0.01));
            }
        }
        for (String file : LEARNED) {
            assertThat(interrupted.file(6, file)).hasSameBinaryContentAs(undisturbed.file(6, file));
        }
    }

    private static float[] bias(SmallRun run, long step) throws IOException {
        try (SafetensorsFile file = SafetensorsFile.open(run.file(step, "model.safetensors"))) {
            return file.floats("model.layers.1.mlp.gate.e_score_correction_bias");
        }
    }

    private static float momentum(SmallRun run, long step) throws IOException {
        try (SafetensorsFile file = SafetensorsFile.open(run.file(step, "optimizer.safetensors"))) {
            return file.floats("exp_avg.model.layers.3.eh_proj.weight")[0];
        }
    }

    @Test
    void anEvaluationFollowsItsCheckpointAndChangesNoBit() throws Exception {
        // Given
        String[] records = records(9, 9, SPIKE);
        SmallRun plain = run("plain", 10, Optional.empty());
        SmallRun evaluated = run("evaluated", 10, Optional.empty()).evaluatingOn(EASY, SPIKE, EASY + EASY);

        // When
        plain.trainTo(5, records);
        evaluated.trainTo(5, records);

        // Then: after each second step, and the last
        List<String> steps = evaluated.lines.stream()
                .filter(line -> line.contains("held out") || line.startsWith("checkpoint"))
                .map(line -> line.replaceAll("checkpoint .*step-0*(\\d+) in.*", "saved $1")
                        .replaceAll("step (\\d+) held out.*", "evaluated $1"))
                .toList();
        assertThat(steps)
                .containsExactly(
                        "saved 0",
                        "saved 1",
                        "saved 2",
                        "evaluated 2",
                        "saved 3",
                        "saved 4",
                        "evaluated 4",
                        "saved 5",
                        "evaluated 5");
        for (String file : LEARNED) {
            assertThat(evaluated.file(5, file)).hasSameBinaryContentAs(plain.file(5, file));
        }
        assertThat(evaluated.status.lastEvaluation().orElseThrow().step()).isEqualTo(5);
        assertThat(evaluated.status.evaluating()).isPositive();
        assertThat(plain.status.lastEvaluation()).isEmpty();
    }

    private SmallRun grown(String name, Ramp<Integer> ramp) throws IOException {
        return new SmallRun(Files.createDirectory(root.resolve(name)), model, 10, Optional.empty(), ramp);
    }

    /// Records of one step each, all easy but that of one step.
    private static String[] records(int count, int step, String other) {
        String[] records = Collections.nCopies(count + 1, EASY).toArray(String[]::new);
        records[step - 1] = other;
        return records;
    }
}
