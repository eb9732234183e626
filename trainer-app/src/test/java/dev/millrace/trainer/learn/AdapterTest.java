package dev.millrace.trainer.learn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.trainer.model.AdapterShape;
import dev.millrace.trainer.model.ModelConfig;
import dev.millrace.trainer.model.Recompute;
import dev.millrace.trainer.model.TokenGrid;
import dev.millrace.trainer.weights.FloatFormat;
import dev.millrace.trainer.weights.SafetensorsFile;
import dev.millrace.trainer.weights.SafetensorsWriter;
import dev.millrace.trainer.weights.WeightFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Adapters of a V3 with latent attention and experts.
@SuppressWarnings("NullAway.Init") // JUnit fills the fields
class AdapterTest {
    private static final AdapterShape SHAPE =
            new AdapterShape(4, 8, Set.of("q_a_proj", "kv_b_proj", "o_proj", "gate_proj", "up_proj"));
    private static final LearnerSettings SETTINGS = SmallModels.settings(5);
    private static final String MODULE = "model.layers.1.self_attn.o_proj";
    private static final String DOWN = "base_model.model." + MODULE + ".lora_A.weight";
    private static final String UP = "base_model.model." + MODULE + ".lora_B.weight";
    private static final TokenGrid GRID =
            new TokenGrid(SmallModels.ids(7, 24, SmallModels.VOCABULARY), 2, SmallModels.COLUMNS);

    @TempDir
    Path directory;

    private Path base;

    @BeforeAll
    static void startTheEngine() {
        TorchEngine.start(2);
    }

    @BeforeEach
    void writeTheBase() throws IOException {
        base = Files.createDirectory(directory.resolve("base"));
        try (Learner learner = Learner.create(SmallModels.experts(), SETTINGS, Device.cpu())) {
            SmallModels.step(learner, 0);
            learner.save(base);
        }
        Files.delete(base.resolve("optimizer.safetensors"));
    }

    @Test
    void addNothingBeforeTheFirstStep() throws IOException {
        try (Learner whole = Learner.load(base, SETTINGS, Device.cpu());
                Learner adapter = Learner.adapt(base, SHAPE, SETTINGS, Device.cpu())) {
            assertThat(logits(adapter)).isEqualTo(logits(whole));
        }
    }

    @Test
    void learnWhileTheModelStaysAsItIs() throws IOException {
        try (Learner whole = Learner.load(base, SETTINGS, Device.cpu());
                Learner adapter = Learner.adapt(base, SHAPE, SETTINGS, Device.cpu())) {
            // When
            double first = SmallModels.step(adapter, 1).loss();
            for (int step = 0; step < 20; step++) {
                SmallModels.step(adapter, 1);
            }

            // Then
            assertThat(SmallModels.step(adapter, 1).loss()).isLessThan(0.9 * first);
            Map<String, NDArray> original = whole.model().parameters();
            adapter.model().parameters().forEach((name, weight) -> {
                assertThat(weight.hasGradient()).as(name).isFalse();
                assertThat(weight.toFloatArray())
                        .as(name)
                        .isEqualTo(Objects.requireNonNull(original.get(name)).toFloatArray());
            });
            assertThat(adapter.parameterCount()).isLessThan(whole.parameterCount() / 4);
        }
    }

    @Test
    void ofExpertsThatPeftCouldNotLoadAreRefused() {
        AdapterShape half = new AdapterShape(4, 8, Set.of("o_proj", "gate_proj"));

        assertThatThrownBy(() -> Learner.adapt(base, half, SETTINGS, Device.cpu()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("gate_proj and up_proj have adapters both or neither");
    }

    @Test
    void lieInThePlacesAndUnderTheNamesOfPeft() throws IOException {
        Path saved = Files.createDirectory(directory.resolve("saved"));
        try (Learner adapter = Learner.adapt(base, SHAPE, SETTINGS, Device.cpu())) {
            SmallModels.step(adapter, 0);
            adapter.save(saved);
        }

        assertThat(saved.toFile().list())
                .containsExactlyInAnyOrder("adapter_config.json", "adapter_model.safetensors", "optimizer.safetensors");
        JsonNode config =
                new ObjectMapper().readTree(saved.resolve("adapter_config.json").toFile());
        assertThat(config.path("peft_type").asText()).isEqualTo("LORA");
        assertThat(config.path("task_type").asText()).isEqualTo("CAUSAL_LM");
        assertThat(config.path("base_model_name_or_path").asText()).isEqualTo(base.toString());
        assertThat(config.path("r").intValue()).isEqualTo(4);
        assertThat(config.path("lora_alpha").isInt()).isTrue();
        assertThat(config.path("lora_alpha").intValue()).isEqualTo(8);
        assertThat(config.path("bias").asText()).isEqualTo("none");
        assertThat(config.path("target_modules"))
                .extracting(JsonNode::asText)
                .containsExactlyInAnyOrderElementsOf(SHAPE.targetModules());
        assertThat(config.path("exclude_modules").asText())
                .isEqualTo(".*\\.mlp\\.(shared_experts\\.)?(gate|up|down)_proj");
        try (SafetensorsFile file = SafetensorsFile.open(saved.resolve("adapter_model.safetensors"))) {
            assertThat(file.names())
                    .contains(DOWN, UP)
                    .contains("base_model.model.model.layers.2.mlp.experts.7.gate_proj.lora_A.weight")
                    // What PEFT would leave out.
                    .noneMatch(name -> name.matches(".*\\.mlp\\.(shared_experts\\.)?(gate|up|down)_proj\\..*"))
                    // That layer is the module for the token after next, which PEFT's models lack.
                    .noneMatch(name -> name.contains("layers.3."))
                    .allMatch(name ->
                            name.matches("base_model\\.model\\.model\\.layers\\.\\d+\\..*\\.lora_[AB]\\.weight"));
            assertThat(file.shape(DOWN).getShape()).containsExactly(4, 32);
            assertThat(file.shape(UP).getShape()).containsExactly(32, 4);
        }
    }

    @Test
    void areTheModelWithTheirProductAddedToItsWeights() throws IOException {
        // Given
        Path merged = Files.createDirectory(directory.resolve("merged"));
        try (Learner adapter = Learner.adapt(base, SHAPE, SETTINGS, Device.cpu());
                NDManager scope = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            for (int step = 0; step < 3; step++) {
                SmallModels.step(adapter, step);
            }
            Path saved = Files.createDirectory(directory.resolve("saved"));
            adapter.save(saved);

            // When: alpha / rank = 2
            Files.copy(base.resolve("config.json"), merged.resolve("config.json"));
            SafetensorsWriter.write(merged.resolve("model.safetensors"), merge(saved, 2, scope), Map.of());

            // Then
            try (Learner whole = Learner.load(merged, SETTINGS, Device.cpu());
                    Learner untouched = Learner.load(base, SETTINGS, Device.cpu())) {
                assertThat(logits(whole)).containsExactly(logits(adapter), within(1e-5f));
                assertThat(largestDifference(logits(untouched), logits(adapter)))
                        .isGreaterThan(1e-2f);
            }
        }
    }

    /// `W + s B A`, in double precision.
    private Map<String, NDArray> merge(Path adapter, double s, NDManager scope) throws IOException {
        Map<String, NDArray> merged = new LinkedHashMap<>();
        try (SafetensorsFile weights = SafetensorsFile.open(base.resolve("model.safetensors"));
                SafetensorsFile low = SafetensorsFile.open(adapter.resolve("adapter_model.safetensors"))) {
            for (String name : weights.names()) {
                float[] w = weights.floats(name);
                String site = "base_model.model." + name.substring(0, name.length() - "weight".length());
                if (low.names().contains(site + "lora_A.weight")) {
                    float[] a = low.floats(site + "lora_A.weight");
                    float[] b = low.floats(site + "lora_B.weight");
                    int inputs = Math.toIntExact(weights.shape(name).get(1));
                    for (int i = 0; i < w.length; i++) {
                        double sum = 0;
                        for (int r = 0; r < 4; r++) {
                            sum += (double) b[i / inputs * 4 + r] * a[r * inputs + i % inputs];
                        }
                        w[i] = (float) (w[i] + s * sum);
                    }
                }
                merged.put(name, scope.create(w, weights.shape(name)));
            }
        }
        return merged;
    }

    @Test
    void areExportedAsPartOfTheModel() throws IOException {
        Path exported = Files.createDirectory(directory.resolve("exported"));
        try (Learner adapter = Learner.adapt(base, SHAPE, SETTINGS, Device.cpu())) {
            for (int step = 0; step < 3; step++) {
                SmallModels.step(adapter, step);
            }

            // When
            adapter.export(exported, FloatFormat.FP32);

            // Then
            try (Learner whole = Learner.load(exported, SETTINGS, Device.cpu())) {
                assertThat(logits(whole)).containsExactly(logits(adapter), within(1e-5f));
            }
        }
    }

    @Test
    void goOnFromACheckpointWithTheSameBits() throws IOException {
        Path saved = Files.createDirectory(directory.resolve("saved"));
        List<StepOutcome> straight = new ArrayList<>();
        List<StepOutcome> resumed = new ArrayList<>();
        float[] wanted;
        try (Learner adapter = Learner.adapt(base, SHAPE, SETTINGS, Device.cpu())) {
            SmallModels.step(adapter, 0);
            SmallModels.step(adapter, 1);
            adapter.save(saved);
            straight.add(SmallModels.step(adapter, 2));
            straight.add(SmallModels.step(adapter, 3));
            wanted = logits(adapter);
        }

        try (Learner adapter = Learner.restoreAdapter(base, SHAPE, saved, 2, SmallModels.settings(99), Device.cpu())) {
            resumed.add(SmallModels.step(adapter, 2));
            resumed.add(SmallModels.step(adapter, 3));

            assertThat(resumed).isEqualTo(straight);
            assertThat(logits(adapter)).isEqualTo(wanted);
        }
    }

    @Test
    void learnTheSameWhereLayersAreRecomputed() throws IOException {
        try (Learner keeping = Learner.adapt(base, SHAPE, SETTINGS, Device.cpu());
                Learner again = Learner.adapt(base, SHAPE, SETTINGS.with(Recompute.LAYERS), Device.cpu())) {
            for (int step = 0; step < 3; step++) {
                assertThat(SmallModels.step(again, step)).isEqualTo(SmallModels.step(keeping, step));
            }
            assertThat(logits(again)).isEqualTo(logits(keeping));
        }
    }

    @Test
    void belongToTheBytesOfTheirModel() throws IOException {
        String digest = WeightFiles.digest(base);
        assertThat(WeightFiles.digest(base)).isEqualTo(digest);

        byte[] weights = Files.readAllBytes(base.resolve("model.safetensors"));
        weights[weights.length - 1] ^= 1;
        Files.write(base.resolve("model.safetensors"), weights);

        assertThat(WeightFiles.digest(base)).isNotEqualTo(digest);
    }

    @Test
    void refuseModulesThatAreNone() {
        assertThatThrownBy(() -> new AdapterShape(4, 8, Set.of("q_proj", "lm_head")))
                .hasMessageContainingAll("target modules [lm_head] are unknown", "kv_b_proj");
        assertThatThrownBy(() -> Learner.adapt(base, new AdapterShape(4, 8, Set.of("q_proj")), SETTINGS, Device.cpu()))
                .hasMessageContaining("target modules [q_proj] are none of a deepseek_v3 model");
        assertThatThrownBy(() -> new AdapterShape(0, 8, Set.of("q_proj"))).hasMessageContaining("rank is 0");
    }

    @Test
    void aModelOfAnotherShapeIsRefusedByName() throws IOException {
        Path saved = Files.createDirectory(directory.resolve("saved"));
        AdapterShape shape = new AdapterShape(4, 8, Set.of("o_proj"));
        Path other = Files.createDirectory(directory.resolve("other"));
        ModelConfig llama = SmallModels.config(2, false);
        try (Learner adapter = Learner.adapt(base, shape, SETTINGS, Device.cpu());
                Learner learner = SmallModels.learner(llama, 1)) {
            SmallModels.step(adapter, 0);
            adapter.save(saved);
            learner.save(other);
        }

        assertThatThrownBy(() -> Learner.restoreAdapter(other, shape, saved, 1, SETTINGS, Device.cpu()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("adapter_model.safetensors");
    }

    private static float[] logits(Learner learner) {
        try (NDManager scope = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            return learner.model().logits(scope, GRID).toFloatArray();
        }
    }

    private static float largestDifference(float[] one, float[] other) {
        float largest = 0;
        for (int i = 0; i < one.length; i++) {
            largest = Math.max(largest, Math.abs(one[i] - other[i]));
        }
        return largest;
    }
}
