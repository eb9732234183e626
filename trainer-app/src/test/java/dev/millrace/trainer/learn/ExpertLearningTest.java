package dev.millrace.trainer.learn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.millrace.trainer.model.DeepSeekModel;
import dev.millrace.trainer.model.Precision;
import dev.millrace.trainer.model.TokenGrid;
import dev.millrace.trainer.weights.SafetensorsFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What the papers train besides the cross-entropy, on a V3 of a few thousand parameters.
class ExpertLearningTest {
    /// Different ones, over and over; a loss is the mean over all of them, which no single one sways.
    private static final int BATCHES = 7;

    private static final String BIAS = "model.layers.1.mlp.gate.e_score_correction_bias";

    @TempDir
    Path directory;

    @BeforeAll
    static void startTheEngine() {
        TorchEngine.start(2);
    }

    @Test
    void movesEachRouterBiasByGammaTowardsAnEqualLoad() {
        try (Learner learner = learner(new Objective(0, 0), Precision.FP32)) {
            assertThat(values(learner, BIAS)).containsOnly(0);

            SmallModels.step(learner, 0);

            // 24 tokens choose 2 of 8 experts: an expert with the mean of 6 stays, one with more falls.
            float[] moved = values(learner, BIAS);
            for (float bias : moved) {
                assertThat(Math.abs(bias)).isIn(0f, 0.001f);
            }
            assertThat(moved).contains(0.001f).contains(-0.001f);

            SmallModels.step(learner, 0);

            for (float bias : values(learner, BIAS)) {
                assertThat(Math.abs(bias)).isLessThanOrEqualTo(0.002f);
            }
        }
    }

    @Test
    void anEvaluationCountsForNoBias() {
        try (Learner learner = learner(new Objective(0, 0), Precision.FP32);
                NDManager scope = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            for (int i = 0; i < 10; i++) {
                learner.model().loss(scope, grid(i), grid(i + 1));
            }
            learner.model().balanceRouters(0.001);

            assertThat(values(learner, BIAS)).containsOnly(0);
        }
    }

    @Test
    void anExpertThatNoTokenChoseHasAGradientOfZero() {
        try (Learner learner = learner(new Objective(0, 0), Precision.FP32)) {
            int[] one = SmallModels.ids(3, 1, SmallModels.VOCABULARY);
            learner.accumulate(one, one, 1, 1, 1);

            long zero = 0;
            for (int expert = 0; expert < 8; expert++) {
                NDArray parameter = parameter(learner, "model.layers.1.mlp.experts." + expert + ".up_proj.weight");
                try (NDArray gradient = parameter.getGradient()) {
                    zero += gradient.abs().sum().getFloat() == 0 ? 1 : 0;
                }
            }

            assertThat(zero).isEqualTo(6);
            assertThat(learner.step(1e-2)).isInstanceOf(StepOutcome.Applied.class);
        }
    }

    @Test
    void theModuleForTheTokenAfterNextLearnsOnlyWhenAskedTo() {
        String projection = "model.layers.3.eh_proj.weight";
        try (Learner without = learner(new Objective(0, 0), Precision.FP32);
                Learner with = learner(new Objective(0, 0.3), Precision.FP32)) {
            StepOutcome plain = SmallModels.step(without, 0);
            StepOutcome predicting = SmallModels.step(with, 0);

            assertThat(predicting.loss()).as("the reported cross-entropy").isEqualTo(plain.loss());
            assertThat(predicting.gradientNorm()).isNotEqualTo(plain.gradientNorm());
            // Without a gradient a parameter only decays.
            assertThat(values(without, projection)[0] / values(with, projection)[0])
                    .isNotCloseTo(1f, within(1e-4f));
        }
    }

    @Test
    void theBalanceLossPullsTheRouterAlone() {
        try (Learner without = learner(new Objective(0, 0), Precision.FP32);
                Learner with = learner(new Objective(10, 0), Precision.FP32)) {
            NDArray router = parameter(with, "model.layers.2.mlp.gate.weight");
            NDArray plainRouter = parameter(without, "model.layers.2.mlp.gate.weight");
            accumulate(without);
            accumulate(with);

            try (NDArray pulled = router.getGradient();
                    NDArray plain = plainRouter.getGradient();
                    NDArray difference = pulled.sub(plain)) {
                assertThat(difference.abs().sum().getFloat()).isGreaterThan(0.1f);
            }
            try (NDArray pulled = parameter(with, "lm_head.weight").getGradient();
                    NDArray plain = parameter(without, "lm_head.weight").getGradient()) {
                assertThat(pulled.toFloatArray()).isEqualTo(plain.toFloatArray());
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Precision.class)
    void aRestoredModelGoesOnWithTheSameBits(Precision precision) throws IOException {
        LearnerSettings settings = SmallModels.settings(5, new Objective(1e-4, 0.3), precision);
        Path saved = Files.createDirectory(directory.resolve("saved"));
        Path straight = Files.createDirectory(directory.resolve("straight"));
        Path resumed = Files.createDirectory(directory.resolve("resumed"));
        try (Learner learner = Learner.create(SmallModels.experts(), settings, Device.cpu())) {
            steps(learner, 0, 3);
            learner.save(saved);
            steps(learner, 3, 6);
            learner.save(straight);
        }
        try (Learner learner = Learner.restore(saved, 3, settings, Device.cpu())) {
            steps(learner, 3, 6);
            learner.save(resumed);
        }
        for (String file : List.of("model.safetensors", "optimizer.safetensors", "config.json")) {
            assertThat(resumed.resolve(file)).hasSameBinaryContentAs(straight.resolve(file));
        }
        assertThat(straight.resolve("config.json")).content().contains("DeepseekV3ForCausalLM");
        try (SafetensorsFile file = SafetensorsFile.open(straight.resolve("model.safetensors"))) {
            assertThat(file.names()).contains(BIAS, "model.layers.3.eh_proj.weight", "lm_head.weight");
        }
    }

    @ParameterizedTest
    @EnumSource(Precision.class)
    void addsGradientsOfMicroBatchesInFloat32(Precision precision) {
        // Given
        Objective objective = new Objective(1e-4, 0.3);
        try (Learner first = learner(objective, precision);
                Learner second = learner(objective, precision);
                Learner both = learner(objective, precision)) {
            accumulate(first, 0);
            accumulate(second, 40);

            // When
            accumulate(both, 0);
            accumulate(both, 40);

            // Then
            int fine = 0;
            for (String name : both.model().parameters().keySet()) {
                if (!parameter(both, name).hasGradient()) {
                    continue;
                }
                float[] one = gradient(first, name);
                float[] other = gradient(second, name);
                float[] sum = gradient(both, name);
                for (int i = 0; i < sum.length; i++) {
                    assertThat(sum[i]).as(name).isEqualTo(one[i] + other[i]);
                    // A bfloat16 has the upper half of the bits.
                    fine += (Float.floatToRawIntBits(sum[i]) & 0xffff) == 0 ? 0 : 1;
                }
            }
            assertThat(fine).as("sums that bfloat16 could not hold").isGreaterThan(1000);
        }
    }

    private static float[] gradient(Learner learner, String name) {
        try (NDArray gradient = parameter(learner, name).getGradient()) {
            return gradient.toFloatArray();
        }
    }

    @Test
    void bfloat16LearnsWhatFloat32Learns() {
        try (Learner full = learner(new Objective(1e-4, 0.3), Precision.FP32);
                Learner half = learner(new Objective(1e-4, 0.3), Precision.BF16)) {
            double first = stepSlowly(full, 0);
            stepSlowly(half, 0);
            for (int step = 1; step < 100; step++) {
                stepSlowly(full, step);
                stepSlowly(half, step);
            }
            double fullLoss = 0;
            double halfLoss = 0;
            for (int step = 100; step < 100 + BATCHES; step++) {
                fullLoss += stepSlowly(full, step) / BATCHES;
                halfLoss += stepSlowly(half, step) / BATCHES;
            }

            assertThat(fullLoss).as("learned something").isLessThan(0.9 * first);
            assertThat(halfLoss).isNotEqualTo(fullLoss);
            assertThat(halfLoss / fullLoss).isCloseTo(1, within(0.02));
        }
    }

    /// At a rate where the loss is still on its way down after 100 steps: near zero, ratios say nothing.
    private static double stepSlowly(Learner learner, int number) {
        int[] inputs = SmallModels.ids(number % BATCHES, 2 * SmallModels.COLUMNS, SmallModels.VOCABULARY);
        int[] targets = SmallModels.ids(number % BATCHES + 1, 2 * SmallModels.COLUMNS, SmallModels.VOCABULARY);
        learner.accumulate(inputs, targets, 2, SmallModels.COLUMNS, targets.length);
        return learner.step(1e-3).loss();
    }

    private static Learner learner(Objective objective, Precision precision) {
        return Learner.create(SmallModels.experts(), SmallModels.settings(5, objective, precision), Device.cpu());
    }

    private static void steps(Learner learner, int from, int to) {
        for (int step = from; step < to; step++) {
            SmallModels.step(learner, step);
        }
    }

    private static void accumulate(Learner learner) {
        accumulate(learner, 0);
    }

    private static void accumulate(Learner learner, int from) {
        int[] inputs = SmallModels.ids(from, 2 * SmallModels.COLUMNS, SmallModels.VOCABULARY);
        int[] targets = SmallModels.ids(from + 1, 2 * SmallModels.COLUMNS, SmallModels.VOCABULARY);
        learner.accumulate(inputs, targets, 2, SmallModels.COLUMNS, targets.length);
    }

    private static TokenGrid grid(int from) {
        return new TokenGrid(
                SmallModels.ids(from, 2 * SmallModels.COLUMNS, SmallModels.VOCABULARY), 2, SmallModels.COLUMNS);
    }

    private static float[] values(Learner learner, String name) {
        return parameter(learner, name).toFloatArray();
    }

    private static NDArray parameter(Learner learner, String name) {
        DeepSeekModel model = learner.model();
        NDArray parameter = model.parameters().get(name);
        assertThat(parameter).as(name).isNotNull();
        return Objects.requireNonNull(parameter);
    }
}
