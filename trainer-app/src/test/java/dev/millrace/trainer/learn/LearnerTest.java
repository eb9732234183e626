package dev.millrace.trainer.learn;

import static dev.millrace.trainer.learn.SmallModels.COLUMNS;
import static dev.millrace.trainer.learn.SmallModels.VOCABULARY;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.millrace.trainer.model.DeepSeekModel;
import dev.millrace.trainer.model.TokenGrid;
import dev.millrace.trainer.weights.SafetensorsWriter;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LearnerTest {
    @TempDir
    private Path directory;

    @BeforeAll
    static void startTheEngine() {
        TorchEngine.start(1);
    }

    @Test
    void learnsToTheSameBitsFromTheSameSeed() {
        // Given
        List<Double> first = new ArrayList<>();
        List<Double> second = new ArrayList<>();

        // When
        for (List<Double> losses : List.of(first, second)) {
            try (Learner learner = SmallModels.learner(SmallModels.config(2, false), 7)) {
                for (int i = 0; i < 5; i++) {
                    losses.add(SmallModels.step(learner, i % 2).loss());
                }
            }
        }

        // Then
        assertThat(first).isEqualTo(second);
        assertThat(first.getLast()).isLessThan(first.getFirst());
    }

    @Test
    void addsUpMicroBatchesToTheMeanOverTheStep() {
        // Given: targets of unequal number in the two rows
        int[] inputs = SmallModels.ids(3, 2 * COLUMNS, VOCABULARY);
        int[] targets = SmallModels.ids(4, 2 * COLUMNS, VOCABULARY);
        Arrays.fill(targets, 0, 7, DeepSeekModel.IGNORED_TARGET);
        long trained = targets.length - 7L;

        try (Learner whole = SmallModels.learner(SmallModels.config(4, false), 1);
                Learner parts = SmallModels.learner(SmallModels.config(4, false), 1)) {
            // When
            whole.accumulate(inputs, targets, 2, COLUMNS, trained);
            for (int row = 0; row < 2; row++) {
                int from = row * COLUMNS;
                parts.accumulate(
                        Arrays.copyOfRange(inputs, from, from + COLUMNS),
                        Arrays.copyOfRange(targets, from, from + COLUMNS),
                        1,
                        COLUMNS,
                        trained);
            }

            // Then
            Map<String, float[]> wanted = gradients(whole);
            gradients(parts)
                    .forEach((name, gradient) -> assertThat(gradient)
                            .as(name)
                            .containsExactly(Objects.requireNonNull(wanted.get(name)), within(1e-6f)));
            assertThat(parts.step(0).loss()).isCloseTo(whole.step(0).loss(), within(1e-6));
        }
    }

    @Test
    void skipsAStepThatIsNotFiniteAndForgetsItsGradients() throws IOException {
        // Given: weights of which one is not a number
        try (Learner learner = SmallModels.learner(SmallModels.config(4, false), 1)) {
            learner.save(directory);
        }
        overwriteLastWeight(directory.resolve("model.safetensors"), Float.NaN);
        try (Learner learner = Learner.load(directory, SmallModels.settings(1), Device.cpu())) {
            Map<String, float[]> before = weights(learner);

            // When
            StepOutcome outcome = SmallModels.step(learner, 0);

            // Then
            assertThat(outcome)
                    .isInstanceOfSatisfying(
                            StepOutcome.NonFinite.class,
                            step -> assertThat(step.skipped().orElseThrow()).contains("loss is NaN"));
            assertThat(learner.steps()).isZero();
            weights(learner)
                    .forEach((name, weight) -> assertThat(weight).as(name).isEqualTo(before.get(name)));
            gradients(learner)
                    .forEach((name, gradient) -> assertThat(gradient).as(name).isEmpty());
        }
    }

    @Test
    void continuesFromACheckpointAsIfNothingHadHappened() throws IOException {
        // Given
        List<StepOutcome> uninterrupted = new ArrayList<>();
        List<StepOutcome> continued = new ArrayList<>();
        Map<String, float[]> wanted;
        try (Learner learner = SmallModels.learner(SmallModels.config(2, true), 5)) {
            SmallModels.step(learner, 0);
            SmallModels.step(learner, 1);
            learner.save(directory);
            for (int i = 2; i < 5; i++) {
                uninterrupted.add(SmallModels.step(learner, i));
            }
            wanted = weights(learner);
        }

        // When
        try (Learner learner = Learner.restore(directory, 2, SmallModels.settings(99), Device.cpu())) {
            for (int i = 2; i < 5; i++) {
                continued.add(SmallModels.step(learner, i));
            }

            // Then
            assertThat(continued).isEqualTo(uninterrupted);
            assertThat(learner.steps()).isEqualTo(5);
            weights(learner)
                    .forEach((name, weight) -> assertThat(weight).as(name).isEqualTo(wanted.get(name)));
        }
    }

    @Test
    void aSnapshotIsWhatTheLearnerWasWhateverFollows() throws IOException {
        try (Learner learner = SmallModels.learner(SmallModels.experts(), 5)) {
            SmallModels.step(learner, 0);
            learner.save(Files.createDirectory(directory.resolve("then")));
            try (Learner.Snapshot snapshot = learner.snapshot()) {
                // When
                SmallModels.step(learner, 1);
                snapshot.save(Files.createDirectory(directory.resolve("snapshot")));
            }
            learner.save(Files.createDirectory(directory.resolve("now")));
        }

        // Then
        for (String file : List.of("model.safetensors", "optimizer.safetensors", "config.json")) {
            assertThat(directory.resolve("snapshot").resolve(file))
                    .hasSameBinaryContentAs(directory.resolve("then").resolve(file));
        }
        assertThat(Files.readAllBytes(directory.resolve("now/model.safetensors")))
                .isNotEqualTo(Files.readAllBytes(directory.resolve("then/model.safetensors")));
    }

    @Test
    void writesWhatItReadsToTheSameBytes() throws IOException {
        // Given
        Path first = Files.createDirectory(directory.resolve("first"));
        Path second = Files.createDirectory(directory.resolve("second"));
        try (Learner learner = SmallModels.learner(SmallModels.config(2, true), 5)) {
            SmallModels.step(learner, 0);
            learner.save(first);
        }

        // When
        try (Learner learner = Learner.restore(first, 1, SmallModels.settings(5), Device.cpu())) {
            learner.save(second);
        }

        // Then
        for (String file : List.of("model.safetensors", "optimizer.safetensors", "config.json")) {
            assertThat(second.resolve(file)).hasSameBinaryContentAs(first.resolve(file));
        }
        assertThat(first.resolve("config.json"))
                .content()
                .contains("\"eos_token_id\" : 257", "\"architectures\" : [ \"LlamaForCausalLM\" ]", "float32");
    }

    @Test
    void refusesACheckpointOfAnotherStep() throws IOException {
        try (Learner learner = SmallModels.learner(SmallModels.config(2, true), 5)) {
            learner.save(directory);
            assertThatThrownBy(() -> learner.save(directory)).isInstanceOf(FileAlreadyExistsException.class);
        }
        assertThatThrownBy(() -> Learner.restore(directory, 3, SmallModels.settings(5), Device.cpu()))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll("optimizer.safetensors", "is of step 0, step 3 was asked for");
    }

    @Test
    void refusesWhatCannotBeTrainedOn() {
        try (Learner learner = SmallModels.learner(SmallModels.config(2, false), 5)) {
            assertThatThrownBy(() -> learner.step(1e-3)).hasMessageContaining("without accumulate");
            assertThatThrownBy(() -> learner.accumulate(new int[] {1, VOCABULARY}, new int[] {1, 1}, 1, 2, 2))
                    .hasMessageContaining("Token id 96 in row 0, column 1 is outside the vocabulary of 96");
            assertThatThrownBy(() -> learner.accumulate(new int[] {1, 1}, new int[] {-1, 1}, 1, 2, 2))
                    .hasMessageContaining("Token id -1");
            assertThatThrownBy(() -> learner.accumulate(new int[65], new int[65], 1, 65, 65))
                    .hasMessageContaining("64 positions (max_position_embeddings)");
            assertThatThrownBy(() -> learner.accumulate(new int[2], new int[2], 1, 2, 1))
                    .hasMessageContaining("2 targets, the whole step is said to have 1");
        }
    }

    @Test
    void countsATiedHeadOnce() {
        try (Learner tied = SmallModels.learner(SmallModels.config(2, true), 5);
                Learner untied = SmallModels.learner(SmallModels.config(2, false), 5)) {
            assertThat(tied.model().parameters()).doesNotContainKey("lm_head.weight");
            assertThat(untied.parameterCount() - tied.parameterCount()).isEqualTo(VOCABULARY * 32L);
        }
    }

    @Test
    void addsBothGradientsOfATiedHead() {
        // Given: an untied model whose head starts as its embedding
        int[] ids = SmallModels.ids(1, COLUMNS, VOCABULARY);
        try (Learner tied = SmallModels.learner(SmallModels.config(2, true), 5);
                Learner untied = twinWithUntiedHead(tied)) {
            // When
            tied.accumulate(ids, ids, 1, COLUMNS, COLUMNS);
            untied.accumulate(ids, ids, 1, COLUMNS, COLUMNS);

            // Then
            float[] embedding = gradients(untied).get("model.embed_tokens.weight");
            float[] head = gradients(untied).get("lm_head.weight");
            float[] both = gradients(tied).get("model.embed_tokens.weight");
            assertThat(both).isNotNull();
            for (int i = 0; i < Objects.requireNonNull(both).length; i++) {
                assertThat(both[i])
                        .isCloseTo(
                                Objects.requireNonNull(embedding)[i] + Objects.requireNonNull(head)[i], within(1e-6f));
            }
        }
    }

    private Learner twinWithUntiedHead(Learner tied) {
        try {
            Map<String, NDArray> parameters = new LinkedHashMap<>(tied.model().parameters());
            parameters.put("lm_head.weight", Objects.requireNonNull(parameters.get("model.embed_tokens.weight")));
            SafetensorsWriter.write(directory.resolve("model.safetensors"), parameters, Map.of());
            Files.writeString(
                    directory.resolve("config.json"),
                    SmallModels.config(2, false).json().toString());
            return Learner.load(directory, SmallModels.settings(0), Device.cpu());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void keepsNothingOfAStepInNativeMemory() throws IOException {
        // Given: logits of 16 MiB, so that a step whose graph survives shows
        int rows = 8;
        int columns = 64;
        int vocabulary = 8192;
        int[] ids = SmallModels.ids(1, rows * columns, vocabulary);
        try (Learner learner = SmallModels.learner(SmallModels.config(vocabulary, 2, false), 1);
                NDManager probe = NDManager.newBaseManager("PyTorch")) {
            NDManager system = probe.getParentManager();
            trainAndScore(learner, probe, new TokenGrid(ids, rows, columns), ids, 10);
            int arraysBefore = system.getManagedArrays().size();
            long bytesBefore = residentBytes();

            // When
            trainAndScore(learner, probe, new TokenGrid(ids, rows, columns), ids, 50);

            // Then
            assertThat(system.getManagedArrays().size()).isPositive().isEqualTo(arraysBefore);
            assertThat(residentBytes() - bytesBefore).isLessThan(200L << 20);
        }
    }

    private static void trainAndScore(Learner learner, NDManager scope, TokenGrid grid, int[] ids, int steps) {
        for (int i = 0; i < steps; i++) {
            learner.accumulate(ids, ids, grid.rows(), grid.columns(), ids.length);
            learner.step(1e-3);
            learner.model().logits(scope, grid).close();
        }
    }

    private static long residentBytes() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("\\D", "")) << 10;
            }
        }
        throw new IOException("no VmRSS in /proc/self/status");
    }

    private static void overwriteLastWeight(Path file, float value) throws IOException {
        try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
            bytes.seek(bytes.length() - Float.BYTES);
            bytes.writeInt(Integer.reverseBytes(Float.floatToRawIntBits(value)));
        }
    }

    private static Map<String, float[]> weights(Learner learner) {
        Map<String, float[]> weights = new LinkedHashMap<>();
        learner.model().parameters().forEach((name, weight) -> weights.put(name, weight.toFloatArray()));
        return weights;
    }

    private static Map<String, float[]> gradients(Learner learner) {
        Map<String, float[]> gradients = new LinkedHashMap<>();
        learner.model().parameters().forEach((name, weight) -> {
            try (NDArray gradient = weight.getGradient()) {
                gradients.put(name, gradient.toFloatArray());
            }
        });
        return gradients;
    }
}
