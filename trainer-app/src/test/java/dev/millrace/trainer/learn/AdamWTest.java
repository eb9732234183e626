package dev.millrace.trainer.learn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import dev.millrace.trainer.batch.Ramp;
import dev.millrace.trainer.model.Precision;
import dev.millrace.trainer.model.Recompute;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The optimizer held against the paper's formulae, in double.
class AdamWTest {
    private static final double BETA1 = 0.9;
    private static final double BETA2 = 0.95;
    private static final double EPSILON = 1e-8;
    private static final double DECAY = 0.1;
    private static final double RATE = 1e-2;

    @BeforeAll
    static void startTheEngine() {
        TorchEngine.start(1);
    }

    @ParameterizedTest
    @ValueSource(doubles = {1e9, 0.05})
    void everyWeightMovesAsTheFormulaSays(double maxNorm) {
        LearnerSettings settings = new LearnerSettings(
                7,
                BETA1,
                BETA2,
                EPSILON,
                DECAY,
                maxNorm,
                Ramp.constant(0.0),
                Objective.CROSS_ENTROPY,
                Precision.FP32,
                Recompute.NONE,
                OptionalDouble.of(0.1));
        try (Learner learner = Learner.create(SmallModels.config(2, false), settings, Device.cpu())) {
            Map<String, double[]> expected = values(learner, false);
            Map<String, double[]> first = new LinkedHashMap<>();
            Map<String, double[]> second = new LinkedHashMap<>();
            expected.forEach((name, weights) -> {
                first.put(name, new double[weights.length]);
                second.put(name, new double[weights.length]);
            });

            for (int step = 1; step <= 3; step++) {
                // When
                int[] inputs = SmallModels.ids(step, 24, SmallModels.VOCABULARY);
                int[] targets = SmallModels.ids(step + 1, 24, SmallModels.VOCABULARY);
                learner.accumulate(inputs, targets, 2, 12, 24);
                Map<String, double[]> gradients = values(learner, true);
                StepOutcome outcome = learner.step(RATE);

                // Then
                double norm = norm(gradients);
                assertThat(outcome.gradientNorm()).isCloseTo(norm, within(1e-5 * norm));
                double clip = Math.min(1, maxNorm / (norm + 1e-6));
                assertThat(clip < 1).isEqualTo(maxNorm < 1);
                for (Map.Entry<String, double[]> each : expected.entrySet()) {
                    String name = each.getKey();
                    move(
                            each.getValue(),
                            of(gradients, name),
                            of(first, name),
                            of(second, name),
                            step,
                            clip,
                            Objects.requireNonNull(learner.model().parameters().get(name))
                                            .getShape()
                                            .dimension()
                                    > 1);
                    assertThat(of(values(learner, false), name))
                            .as(name)
                            .containsExactly(each.getValue(), within(2e-5));
                }
            }
        }
    }

    /// Loshchilov and Hutter, 2019, algorithm 2.
    private static void move(
            double[] weights,
            double[] gradients,
            double[] first,
            double[] second,
            int step,
            double clip,
            boolean decays) {
        for (int i = 0; i < weights.length; i++) {
            double gradient = clip * gradients[i];
            first[i] = BETA1 * first[i] + (1 - BETA1) * gradient;
            second[i] = BETA2 * second[i] + (1 - BETA2) * gradient * gradient;
            double mean = first[i] / (1 - Math.pow(BETA1, step));
            double square = second[i] / (1 - Math.pow(BETA2, step));
            weights[i] -= RATE * (decays ? DECAY : 0) * weights[i] + RATE * mean / (Math.sqrt(square) + EPSILON);
        }
    }

    private static double norm(Map<String, double[]> gradients) {
        double squares = 0;
        for (double[] each : gradients.values()) {
            for (double gradient : each) {
                squares += gradient * gradient;
            }
        }
        return Math.sqrt(squares);
    }

    private static double[] of(Map<String, double[]> values, String name) {
        return Objects.requireNonNull(values.get(name));
    }

    private static Map<String, double[]> values(Learner learner, boolean gradients) {
        Map<String, double[]> values = new LinkedHashMap<>();
        learner.model().parameters().forEach((name, weight) -> {
            if (gradients) {
                try (NDArray gradient = weight.getGradient()) {
                    values.put(name, wide(gradient.toFloatArray()));
                }
            } else {
                values.put(name, wide(weight.toFloatArray()));
            }
        });
        return values;
    }

    private static double[] wide(float[] values) {
        double[] wide = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            wide[i] = values[i];
        }
        return wide;
    }
}
