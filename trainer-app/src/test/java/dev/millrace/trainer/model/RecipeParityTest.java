package dev.millrace.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import dev.millrace.trainer.batch.Ramp;
import dev.millrace.trainer.learn.Learner;
import dev.millrace.trainer.learn.LearnerSettings;
import dev.millrace.trainer.learn.Objective;
import dev.millrace.trainer.learn.StepOutcome;
import dev.millrace.trainer.learn.TorchEngine;
import dev.millrace.trainer.weights.SafetensorsFile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Holds what Hugging Face's models lack against the paper, as `src/test/reference/deepseek_v3_recipe.py`
/// computes it in PyTorch: multi-token prediction, balance loss and the biases of the routers, together.
class RecipeParityTest {
    private static final Path RECIPE = Path.of("src/test/resources/recipe");
    private static final Path INPUTS = Path.of("src/test/resources/fixtures/deepseek_v3/inputs.safetensors");

    private static final double PREDICTION_WEIGHT = 0.3;
    private static final double BALANCE_WEIGHT = 0.01;
    private static final double BIAS_RATE = 0.01;
    private static final double LEARNING_RATE = 1e-3;

    private static final double GRADIENT = 1e-5;
    private static final double GRADIENT_NORM = 2e-5;
    private static final double LOSS = 5e-5;
    private static final double BIAS = 1e-6;
    private static final double FINAL_PARAMETER = 5e-4;

    private SafetensorsFile inputs;

    @BeforeAll
    static void startTheEngine() {
        TorchEngine.start(2);
    }

    @BeforeEach
    void openTheInputs() throws IOException {
        inputs = SafetensorsFile.open(INPUTS);
    }

    @AfterEach
    void closeTheInputs() throws IOException {
        inputs.close();
    }

    @ParameterizedTest
    @EnumSource
    void gradientsAreThoseOfTheWholeObjective(Recompute recompute) throws IOException {
        try (Learner learner = Learner.load(RECIPE, settings(recompute), Device.cpu());
                SafetensorsFile reference = SafetensorsFile.open(RECIPE.resolve("grads.safetensors"))) {
            List<String> learned = DeepSeekModel.parameters(ModelConfig.read(RECIPE)).stream()
                    .filter(ParameterSpec::learned)
                    .map(ParameterSpec::name)
                    .toList();
            assertThat(reference.names()).containsExactlyInAnyOrderElementsOf(learned);

            // When
            ReferenceBatch.of(inputs, "input_ids", "labels", 0, 2).accumulateIn(learner);

            // Then
            for (String name : learned) {
                try (NDArray gradient =
                        Parameters.require(learner.model().parameters(), name).getGradient()) {
                    assertThat(Distance.relativeDistance(gradient.toFloatArray(), reference.floats(name)))
                            .as("gradient of " + name)
                            .isLessThanOrEqualTo(GRADIENT);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void twentyStepsGoWhereTheReferenceGoes(Recompute recompute) throws IOException {
        try (Learner learner = Learner.load(RECIPE, settings(recompute), Device.cpu());
                SafetensorsFile reference = SafetensorsFile.open(RECIPE.resolve("train.safetensors"))) {
            float[] losses = reference.floats("losses");
            float[] norms = reference.floats("grad_norms");
            for (int step = 0; step < losses.length; step++) {
                ReferenceBatch.of(inputs, "train_input_ids", "train_labels", step, 2)
                        .accumulateIn(learner);

                // When
                StepOutcome outcome = learner.step(LEARNING_RATE);

                // Then
                assertThat(outcome).isInstanceOf(StepOutcome.Applied.class);
                assertThat(outcome.loss()).as("loss of step " + step).isCloseTo(losses[step], within(LOSS));
                assertThat(outcome.gradientNorm() / norms[step])
                        .as("gradient norm of step " + step)
                        .isCloseTo(1, within(GRADIENT_NORM));
            }
            requireFinal(learner, reference);
        }
    }

    private static void requireFinal(Learner learner, SafetensorsFile reference) throws IOException {
        int biases = 0;
        int others = 0;
        for (String name : reference.names()) {
            if (name.equals("losses") || name.equals("grad_norms")) {
                continue;
            }
            boolean bias = name.endsWith(RouterBias.NAME);
            biases += bias ? 1 : 0;
            others += bias ? 0 : 1;
            float[] actual =
                    Parameters.require(learner.model().parameters(), name).toFloatArray();
            assertThat(Distance.largestDifference(actual, reference.floats(name)))
                    .as("final " + name)
                    .isLessThanOrEqualTo(bias ? BIAS : FINAL_PARAMETER);
        }
        assertThat(biases).isEqualTo(3);
        assertThat(others).isGreaterThan(50);
    }

    private static LearnerSettings settings(Recompute recompute) {
        return new LearnerSettings(
                0,
                0.9,
                0.95,
                1e-8,
                0.1,
                1.0,
                Ramp.constant(BIAS_RATE),
                new Objective(BALANCE_WEIGHT, PREDICTION_WEIGHT),
                Precision.FP32,
                recompute,
                OptionalDouble.empty());
    }
}
