package dev.millrace.trainer.learn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import dev.millrace.trainer.batch.Ramp;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What the recipe says of a step is what the step is made with.
class StepRecipeTest {
    private static final String BIAS = "model.layers.1.mlp.gate.e_score_correction_bias";
    private static final String PROJECTION = "model.layers.3.eh_proj.weight";
    private static final Ramp<Double> RATES = ramp(0.001, Map.of(2L, 0.01, 3L, 0.0));
    private static final Ramp<Double> WEIGHTS = ramp(0.3, Map.of(2L, 0.1, 4L, 0.0));

    @BeforeAll
    static void startTheEngine() {
        TorchEngine.start(2);
    }

    @ParameterizedTest
    @CsvSource({"1, 0.3", "2, 0.1", "3, 0.1", "4, 0"})
    void theTokenAfterNextWeighsWhatTheStepSays(long step, double weight) {
        try (Learner ramped = learner(WEIGHTS);
                Learner constant = learner(Ramp.constant(weight))) {
            ramped.begin(step);
            accumulate(ramped);
            accumulate(constant);

            assertThat(gradient(ramped)).isEqualTo(gradient(constant));
        }
    }

    @Test
    void biasesMoveAsFarAsTheStepSays() {
        try (Learner learner = learner(WEIGHTS)) {
            assertThat(move(learner, 1)).contains(0.001f, -0.001f);
            assertThat(move(learner, 2)).contains(0.01f, -0.01f);
            assertThat(move(learner, 3)).containsOnly(0);
        }
    }

    @Test
    void noStepBeginsWithinAnother() {
        try (Learner learner = learner(WEIGHTS)) {
            accumulate(learner);

            assertThatThrownBy(() -> learner.begin(2)).hasMessage("Step 1 is under way, step 2 cannot begin");
        }
    }

    /// By how much each bias moves in a step, to six digits.
    private static float[] move(Learner learner, long step) {
        float[] before = parameter(learner, BIAS).toFloatArray();
        learner.begin(step);
        accumulate(learner);
        learner.step(1e-2);
        float[] moved = parameter(learner, BIAS).toFloatArray();
        for (int i = 0; i < moved.length; i++) {
            moved[i] = Math.round((moved[i] - before[i]) * 1e6) / 1e6f;
        }
        return moved;
    }

    private static void accumulate(Learner learner) {
        int[] inputs = SmallModels.ids(0, 2 * SmallModels.COLUMNS, SmallModels.VOCABULARY);
        int[] targets = SmallModels.ids(1, 2 * SmallModels.COLUMNS, SmallModels.VOCABULARY);
        learner.accumulate(inputs, targets, 2, SmallModels.COLUMNS, targets.length);
    }

    private static float[] gradient(Learner learner) {
        try (NDArray gradient = parameter(learner, PROJECTION).getGradient()) {
            return gradient.toFloatArray();
        }
    }

    private static NDArray parameter(Learner learner, String name) {
        return Objects.requireNonNull(learner.model().parameters().get(name));
    }

    private static Ramp<Double> ramp(double first, Map<Long, Double> later) {
        return new Ramp<>(first, new TreeMap<>(later));
    }

    private static Learner learner(Ramp<Double> predictionWeight) {
        LearnerSettings settings = SmallModels.settings(5, RATES, new Objective(0, predictionWeight));
        return Learner.create(SmallModels.experts(), settings, Device.cpu());
    }
}
