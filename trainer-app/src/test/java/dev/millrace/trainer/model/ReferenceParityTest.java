package dev.millrace.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.millrace.trainer.learn.Learner;
import dev.millrace.trainer.learn.LearnerSettings;
import dev.millrace.trainer.learn.StepOutcome;
import dev.millrace.trainer.learn.TorchEngine;
import dev.millrace.trainer.weights.SafetensorsFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Holds our arithmetic against Hugging Face's own, on small models with all their numbers: logits, what
/// lies between the layers, choices of the routers, loss, every gradient and 20 steps of AdamW, through the same
/// classes that the trainer runs. `-Dmillrace.fixtures=DIR` takes
/// the fixtures from there.
class ReferenceParityTest {
    private static final double LOGITS = 2e-5;
    private static final double LOSS = 5e-5;
    private static final double GRADIENT = 1e-5;
    private static final double GRADIENT_NORM = 2e-5;
    private static final double FINAL_PARAMETER = 5e-4;
    private static final double FINAL_PARAMETER_NORM = 1e-5;
    private static final double LEARNING_RATE = 1e-3;

    @BeforeAll
    static void startTheEngine() {
        TorchEngine.start(2);
    }

    static List<Path> fixtures() throws IOException {
        Path directory = Path.of(System.getProperty("millrace.fixtures", "src/test/resources/fixtures"));
        try (Stream<Path> entries = Files.list(directory)) {
            List<Path> fixtures = entries.filter(entry -> Files.exists(entry.resolve("config.json")))
                    .sorted()
                    .toList();
            assertThat(fixtures).as("fixtures in " + directory.toAbsolutePath()).isNotEmpty();
            return fixtures;
        }
    }

    @ParameterizedTest
    @MethodSource("fixtures")
    void computesWhatTheReferenceComputes(Path fixture) throws IOException {
        // Given
        try {
            ModelConfig.read(fixture);
        } catch (UnsupportedModelException e) {
            System.out.println(fixture.getFileName() + "  skipped: " + e.getMessage());
            abort(String.valueOf(e.getMessage()));
        }
        try (Learner learner = Learner.load(fixture, LearnerSettings.deepSeek(0), Device.cpu());
                SafetensorsFile inputs = SafetensorsFile.open(fixture.resolve("inputs.safetensors"))) {
            // When
            double logits = logitsDifference(fixture, learner, inputs);
            double states = stateDifference(fixture, learner, inputs);
            double gradients = gradientDifference(fixture, inputs);
            double losses = trainingDifference(fixture, learner, inputs);

            // Then
            System.out.printf(
                    Locale.ROOT,
                    "%s  logits %.1e  states %.1e  gradients %.1e  losses %.1e%n",
                    fixture.getFileName(),
                    logits,
                    states,
                    gradients,
                    losses);
            assertThat(logits).as("largest difference of a logit").isLessThanOrEqualTo(LOGITS);
            assertThat(states).as("largest difference between the layers").isLessThanOrEqualTo(LOGITS);
            assertThat(gradients)
                    .as("largest relative difference of a gradient")
                    .isLessThanOrEqualTo(GRADIENT);
            assertThat(losses).as("largest difference of a loss").isLessThanOrEqualTo(LOSS);
            requireFinalParameters(fixture, learner);
        }
    }

    private static double logitsDifference(Path fixture, Learner learner, SafetensorsFile inputs) throws IOException {
        ReferenceBatch batch = ReferenceBatch.of(inputs, "input_ids", "labels", 0, 2);
        try (SafetensorsFile reference = SafetensorsFile.open(fixture.resolve("reference.safetensors"));
                NDManager scope = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            float[] logits = learner.model().logits(scope, batch.inputs()).toFloatArray();
            return Distance.largestDifference(logits, reference.floats("logits"));
        }
    }

    private static double stateDifference(Path fixture, Learner learner, SafetensorsFile inputs) throws IOException {
        ReferenceBatch batch = ReferenceBatch.of(inputs, "input_ids", "labels", 0, 2);
        try (SafetensorsFile reference = SafetensorsFile.open(fixture.resolve("reference.safetensors"))) {
            return ReferenceStates.difference(learner.model(), reference, batch.inputs());
        }
    }

    private static double gradientDifference(Path fixture, SafetensorsFile inputs) throws IOException {
        ReferenceBatch batch = ReferenceBatch.of(inputs, "input_ids", "labels", 0, 2);
        try (SafetensorsFile reference = SafetensorsFile.open(fixture.resolve("reference.safetensors"));
                SafetensorsFile gradients = SafetensorsFile.open(fixture.resolve("grads.safetensors"));
                Learner learner = Learner.load(fixture, LearnerSettings.deepSeek(0), Device.cpu())) {
            batch.accumulateIn(learner);
            Map<String, NDArray> parameters = learner.model().parameters();
            ModelConfig config = ModelConfig.read(fixture);
            List<String> learned = DeepSeekModel.parameters(config).stream()
                    .filter(ParameterSpec::learned)
                    .map(ParameterSpec::name)
                    .toList();
            assertThat(gradients.names())
                    .filteredOn(name -> !DeepSeekModel.isDerived(name, config))
                    .containsExactlyInAnyOrderElementsOf(learned);
            double largest = 0;
            for (String name : learned) {
                float[] wanted = gradients.floats(name);
                try (NDArray gradient = Parameters.require(parameters, name).getGradient()) {
                    largest = Math.max(largest, Distance.relativeDistance(gradient.toFloatArray(), wanted));
                }
            }
            double loss = learner.step(0).loss();
            assertThat(Math.abs(loss - reference.floats("loss")[0])).as("loss").isLessThanOrEqualTo(LOSS);
            return largest;
        }
    }

    private static double trainingDifference(Path fixture, Learner learner, SafetensorsFile inputs) throws IOException {
        try (SafetensorsFile train = SafetensorsFile.open(fixture.resolve("train.safetensors"))) {
            float[] losses = train.floats("losses");
            float[] norms = train.floats("grad_norms");
            double largest = 0;
            for (int step = 0; step < losses.length; step++) {
                ReferenceBatch.of(inputs, "train_input_ids", "train_labels", step, 2)
                        .accumulateIn(learner);
                StepOutcome outcome = learner.step(LEARNING_RATE);
                assertThat(outcome).isInstanceOf(StepOutcome.Applied.class);
                largest = Math.max(largest, Math.abs(outcome.loss() - losses[step]));
                assertThat(Math.abs(outcome.gradientNorm() / norms[step] - 1))
                        .as("gradient norm of step " + step)
                        .isLessThanOrEqualTo(GRADIENT_NORM);
            }
            return largest;
        }
    }

    private static void requireFinalParameters(Path fixture, Learner learner) throws IOException {
        try (SafetensorsFile last = SafetensorsFile.open(fixture.resolve("final_model.safetensors"))) {
            for (Map.Entry<String, NDArray> parameter :
                    learner.model().parameters().entrySet()) {
                float[] wanted = last.floats(parameter.getKey());
                float[] actual = parameter.getValue().toFloatArray();
                assertThat(Distance.largestDifference(actual, wanted))
                        .as("final " + parameter.getKey())
                        .isLessThanOrEqualTo(FINAL_PARAMETER);
                assertThat(Math.abs(Distance.norm(actual) / Distance.norm(wanted) - 1))
                        .as("norm of final " + parameter.getKey())
                        .isLessThanOrEqualTo(FINAL_PARAMETER_NORM);
            }
        }
    }
}
