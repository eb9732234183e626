package dev.millrace.trainer.learn;

import static dev.millrace.trainer.learn.Learned.requireEqual;
import static dev.millrace.trainer.learn.Learned.weights;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import dev.millrace.trainer.batch.Ramp;
import dev.millrace.trainer.model.AdapterShape;
import dev.millrace.trainer.model.Precision;
import dev.millrace.trainer.model.Recompute;
import dev.millrace.trainer.model.TokenGrid;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Several replicas of a V3 with experts, in one process.
class ReplicaTest {
    /// With an epsilon of one an update is smooth in the gradient: with a small one its first step is the sign.
    private static final LearnerSettings SETTINGS = new LearnerSettings(
            5,
            0.9,
            0.95,
            1,
            0.1,
            1.0,
            Ramp.constant(0.001),
            new Objective(0.1, 0.3),
            Precision.FP32,
            Recompute.NONE,
            OptionalDouble.of(0.1));

    private static final Device[] TWO = {Device.cpu(), Device.cpu()};

    @TempDir
    Path directory;

    @BeforeAll
    static void startTheEngine() {
        TorchEngine.start(1);
    }

    @Test
    void twoLearnWhatOneLearnsFromTwiceTheRows() {
        try (Learner one = Learner.create(SmallModels.experts(), SETTINGS, Device.cpu());
                Learner two = Learner.create(SmallModels.experts(), SETTINGS, TWO)) {
            for (int step = 0; step < 5; step++) {
                // When
                accumulate(one, step, 4);
                accumulate(two, step, 2);
                StepOutcome wanted = one.step(1e-1);
                StepOutcome actual = two.step(1e-1);

                // Then
                assertThat(actual.loss()).isCloseTo(wanted.loss(), within(1e-5));
                assertThat(actual.gradientNorm() / wanted.gradientNorm()).isCloseTo(1, within(1e-5));
            }
            Map<String, float[]> wanted = weights(one);
            weights(two)
                    .forEach((name, weight) -> assertThat(weight)
                            .as(name)
                            .containsExactly(Objects.requireNonNull(wanted.get(name)), within(1e-5f)));
        }
    }

    /// Of two numbers, the order of their sum does not show.
    @Test
    void twoLearnToTheBitWhatOneLearnsFromTwoMicroBatches() {
        LearnerSettings settings = SmallModels.settings(5, new Objective(0.1, 0), Precision.FP32);
        try (Learner one = Learner.create(SmallModels.experts(), settings, Device.cpu());
                Learner two = Learner.create(SmallModels.experts(), settings, TWO)) {
            for (int step = 0; step < 5; step++) {
                accumulate(one, step, 2);
                accumulate(two, step, 2);
                assertThat(two.step(1e-2)).isEqualTo(one.step(1e-2));
            }
            requireEqual(weights(two), weights(one));
        }
    }

    @Test
    void aRunGoesOnWithTheSameBits() throws IOException {
        Map<String, float[]> straight;
        try (Learner learner = Learner.create(SmallModels.experts(), SETTINGS, TWO)) {
            step(learner, 0);
            learner.save(directory);
            step(learner, 1);
            step(learner, 2);
            straight = weights(learner);
        }

        try (Learner learner = Learner.restore(directory, 1, SETTINGS, TWO)) {
            step(learner, 1);
            step(learner, 2);

            requireEqual(weights(learner), straight);
        }
    }

    @Test
    void aStepThatIsRefusedLeavesAllAsTheyWere() {
        try (Learner refused = Learner.create(SmallModels.experts(), SETTINGS, TWO);
                Learner wanted = Learner.create(SmallModels.experts(), SETTINGS, TWO)) {
            accumulate(refused, 3, 2);
            assertThat(refused.step(1e-2, (_, _) -> java.util.Optional.of("a test says no")))
                    .isInstanceOf(StepOutcome.Spike.class);

            assertThat(step(refused, 0)).isEqualTo(step(wanted, 0));
            assertThat(step(refused, 1)).isEqualTo(step(wanted, 1));
        }
    }

    @Test
    void adaptersAreReplicatedWithTheirModel() throws IOException {
        AdapterShape shape = new AdapterShape(4, 8, Set.of("o_proj", "down_proj"));
        Path base = Files.createDirectory(directory.resolve("base"));
        try (Learner whole = Learner.create(SmallModels.experts(), SETTINGS, Device.cpu())) {
            whole.save(base);
        }
        try (Learner one = Learner.adapt(base, shape, SETTINGS, Device.cpu());
                Learner two = Learner.adapt(base, shape, SETTINGS, TWO)) {
            for (int step = 0; step < 3; step++) {
                assertThat(step(two, step)).isEqualTo(step(one, step));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void tokensThatWereBroughtOverAheadGiveTheSameBits(int replicas) {
        Device[] devices = Arrays.copyOf(TWO, replicas);
        int[] ids = SmallModels.ids(3, 24, SmallModels.VOCABULARY);
        int[] places = new int[24];
        Arrays.setAll(places, i -> i % SmallModels.COLUMNS % 5);
        TokenGrid inputs = new TokenGrid(ids, 2, SmallModels.COLUMNS).apart(places);
        TokenGrid targets = new TokenGrid(SmallModels.ids(4, 24, SmallModels.VOCABULARY), 2, SmallModels.COLUMNS);
        try (Learner ahead = Learner.create(SmallModels.experts(), SETTINGS, devices);
                Learner atOnce = Learner.create(SmallModels.experts(), SETTINGS, devices);
                NDManager probe = NDManager.newBaseManager("PyTorch")) {
            int arrays = 0;
            for (int step = 0; step < 3; step++) {
                // When
                try (Learner.MicroBatch first = ahead.stage(0, inputs, targets);
                        Learner.MicroBatch second = ahead.stage(1, targets, inputs)) {
                    ahead.accumulate(first, 48);
                    ahead.accumulate(second, 48);
                    atOnce.accumulate(inputs, targets, 48);
                    atOnce.accumulate(targets, inputs, 48);

                    // Then
                    assertThat(ahead.step(1e-1)).isEqualTo(atOnce.step(1e-1));
                }
                int now = probe.getParentManager().getManagedArrays().size();
                assertThat(now).as("nothing is left of a step").isEqualTo(step == 0 ? now : arrays);
                arrays = now;
            }
            requireEqual(weights(ahead), weights(atOnce));
        }
    }

    @Test
    void whatFailsInOneOfThemEndsTheStep() {
        try (Learner learner = Learner.create(SmallModels.experts(), SETTINGS, TWO)) {
            int[] wrong = {1, SmallModels.VOCABULARY};
            learner.accumulate(wrong, new int[] {1, 1}, 1, 2, 4);
            learner.accumulate(new int[] {1, 1}, new int[] {1, 1}, 1, 2, 4);

            assertThatThrownBy(() -> learner.step(1e-2))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("outside the vocabulary");
        }
    }

    @Test
    void devicesAreOfOneKind() {
        assertThat(DeviceChoice.resolve(List.of("cpu", " cpu "))).containsExactly(Device.cpu(), Device.cpu());
        assertThatThrownBy(() -> DeviceChoice.resolve(List.of("cpu", "tpu"))).hasMessageContaining("Device is 'tpu'");
        assertThatThrownBy(() -> DeviceChoice.resolve(List.of())).hasMessageContaining("there must be one or more");
    }

    private static StepOutcome step(Learner learner, int number) {
        accumulate(learner, number, 2);
        return learner.step(1e-1);
    }

    /// Four rows, so many at a time.
    private static void accumulate(Learner learner, int number, int rows) {
        int columns = SmallModels.COLUMNS;
        int[] inputs = SmallModels.ids(number, 4 * columns, SmallModels.VOCABULARY);
        int[] targets = SmallModels.ids(number + 1, 4 * columns, SmallModels.VOCABULARY);
        for (int from = 0; from < inputs.length; from += rows * columns) {
            int to = from + rows * columns;
            learner.accumulate(
                    Arrays.copyOfRange(inputs, from, to),
                    Arrays.copyOfRange(targets, from, to),
                    rows,
                    columns,
                    targets.length);
        }
    }
}
