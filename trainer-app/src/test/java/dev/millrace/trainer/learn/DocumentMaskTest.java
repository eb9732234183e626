package dev.millrace.trainer.learn;

import static dev.millrace.trainer.learn.Learned.gradients;
import static dev.millrace.trainer.learn.SmallModels.VOCABULARY;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import dev.millrace.trainer.model.ModelConfig;
import dev.millrace.trainer.model.Precision;
import dev.millrace.trainer.model.Recompute;
import dev.millrace.trainer.model.TokenGrid;
import dev.millrace.trainer.pack.PartitionPacker;
import dev.millrace.trainer.pack.Position;
import dev.millrace.trainer.pack.Window;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class DocumentMaskTest {
    private static final Path FIXTURES = Path.of("src/test/resources/fixtures");
    private static final int LENGTH = 24;

    /// Of two windows: the first ends within the fourth document, which the second goes on with.
    private static final int[] DOCUMENTS = {7, 1, 12, 15, 14};

    /// The pieces of documents that the windows hold, in inputs.
    private static final int[] PIECES = {7, 1, 12, 4, 11, 13};

    @BeforeAll
    static void startTheEngine() {
        TorchEngine.start(1);
    }

    /// Grouped queries; interleaved pairs; YaRN; and experts with multi-token prediction.
    static Stream<ModelConfig> models() throws IOException {
        return Stream.of(
                SmallModels.config(2, false),
                ModelConfig.read(FIXTURES.resolve("deepseek_v2_lite")),
                ModelConfig.read(FIXTURES.resolve("deepseek_v3_yarn")),
                SmallModels.experts());
    }

    private static Learner learner(ModelConfig config) {
        return Learner.create(config, settings(Precision.FP32), Device.cpu());
    }

    /// Without balance losses, which are of a row, whatever is in it.
    private static LearnerSettings settings(Precision precision) {
        return SmallModels.settings(5, new Objective(0, 0.3), precision);
    }

    @ParameterizedTest
    @MethodSource("models")
    void packedDocumentsAreLearnedAsIfEachWereAlone(ModelConfig config) {
        int[] tokens = SmallModels.ids(3, 2 * LENGTH + 1, VOCABULARY);
        try (Learner packed = learner(config);
                Learner alone = learner(config);
                Learner mixed = learner(config)) {
            // When
            packed.accumulate(inputs(tokens).apart(places()), targets(tokens), 2 * LENGTH);
            mixed.accumulate(inputs(tokens), targets(tokens), 2 * LENGTH);
            int from = 0;
            for (int piece : PIECES) {
                alone.accumulate(
                        Arrays.copyOfRange(tokens, from, from + piece),
                        Arrays.copyOfRange(tokens, from + 1, from + piece + 1),
                        1,
                        piece,
                        2 * LENGTH);
                from += piece;
            }

            // Then
            assertThat(distance(packed, alone)).isLessThan(2e-6);
            assertThat(distance(mixed, alone)).isGreaterThan(1e-3);
            double loss = alone.step(0).loss();
            assertThat(packed.step(0).loss()).isCloseTo(loss, within(2e-6));
            assertThat(mixed.step(0).loss()).isNotCloseTo(loss, within(1e-4));
        }
    }

    @ParameterizedTest
    @EnumSource(Precision.class)
    void layersThatAreRunAgainSeeTheSame(Precision precision) {
        int[] tokens = SmallModels.ids(3, 2 * LENGTH + 1, VOCABULARY);
        try (Learner keeping = Learner.create(SmallModels.experts(), settings(precision), Device.cpu());
                Learner again = Learner.create(
                        SmallModels.experts(), settings(precision).with(Recompute.LAYERS), Device.cpu())) {
            // When
            for (Learner learner : List.of(keeping, again)) {
                learner.accumulate(inputs(tokens).apart(places()), targets(tokens), 2 * LENGTH);
            }

            // Then
            assertThat(distance(keeping, again)).isZero();
            assertThat(again.step(1e-3)).isEqualTo(keeping.step(1e-3)).isInstanceOf(StepOutcome.Applied.class);
        }
    }

    @Test
    void thePackerKnowsWhereTheDocumentsOfAWindowBegin() {
        PartitionPacker packer = new PartitionPacker(0, LENGTH, Position.startingAt(0));
        for (int i = 0; i < DOCUMENTS.length; i++) {
            packer.append(0, i, new int[DOCUMENTS[i]]);
        }
        int[] places = new int[2 * LENGTH];

        Window first = packer.next();
        first.copyPlaces(places, 0);
        packer.next().copyPlaces(places, LENGTH);

        assertThat(places).isEqualTo(places());
    }

    @Test
    void paddingBelongsToTheLastDocument() {
        PartitionPacker packer = new PartitionPacker(0, 6, Position.startingAt(0));
        packer.append(0, 0, new int[2]);
        packer.append(0, 1, new int[2]);
        int[] places = new int[6];

        packer.flush().orElseThrow().copyPlaces(places, 0);

        assertThat(places).containsExactly(0, 1, 0, 1, 2, 3);
    }

    @Test
    void placesThatAreNoneAreRefused() {
        TokenGrid grid = new TokenGrid(new int[4], 2, 2);

        assertThatThrownBy(() -> grid.apart(new int[] {0, 2, 0, 1})).hasMessageContaining("Place 2 in row 0, column 1");
        assertThatThrownBy(() -> grid.apart(new int[] {0, 1, 2, 3})).hasMessageContaining("Place 2 in row 1, column 0");
        assertThatThrownBy(() -> grid.apart(new int[3])).hasMessageContaining("3 places for 4 tokens");
    }

    private static TokenGrid inputs(int[] tokens) {
        return new TokenGrid(Arrays.copyOf(tokens, 2 * LENGTH), 2, LENGTH);
    }

    private static TokenGrid targets(int[] tokens) {
        return new TokenGrid(Arrays.copyOfRange(tokens, 1, 2 * LENGTH + 1), 2, LENGTH);
    }

    private static int[] places() {
        int[] places = new int[2 * LENGTH];
        int from = 0;
        for (int piece : PIECES) {
            for (int i = 0; i < piece; i++) {
                places[from++] = i;
            }
        }
        return places;
    }

    /// The largest difference of two gradients.
    private static double distance(Learner a, Learner b) {
        Map<String, float[]> other = gradients(b);
        double largest = 0;
        for (Map.Entry<String, float[]> each : gradients(a).entrySet()) {
            float[] one = each.getValue();
            float[] two = Objects.requireNonNull(other.get(each.getKey()));
            for (int i = 0; i < one.length; i++) {
                largest = Math.max(largest, Math.abs(one[i] - two[i]));
            }
        }
        return largest;
    }
}
