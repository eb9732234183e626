package dev.millrace.trainer.learn;

import static dev.millrace.trainer.learn.Learned.gradients;
import static dev.millrace.trainer.learn.Learned.requireEqual;
import static dev.millrace.trainer.learn.Learned.weights;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import dev.millrace.trainer.model.ModelConfig;
import dev.millrace.trainer.model.Precision;
import dev.millrace.trainer.model.Recompute;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class RecomputeTest {
    private static final Path FIXTURES = Path.of("src/test/resources/fixtures");

    @BeforeAll
    static void startTheEngine() {
        TorchEngine.start(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama_gqa", "deepseek_v2_lite", "deepseek_v3", "deepseek_v3_yarn"})
    void givesTheGradientsOfAPassThatKeepsEverything(String fixture) throws IOException {
        // Given: balance losses that count, and biases of routers that move
        LearnerSettings settings = SmallModels.settings(0, new Objective(0.1, 0), Precision.FP32);
        try (Learner keeping = Learner.load(FIXTURES.resolve(fixture), settings, Device.cpu());
                Learner again =
                        Learner.load(FIXTURES.resolve(fixture), settings.with(Recompute.LAYERS), Device.cpu())) {
            // When: two micro-batches
            for (int from : new int[] {3, 200}) {
                accumulate(keeping, from, 2, 48, 512);
                accumulate(again, from, 2, 48, 512);
            }

            // Then
            requireEqual(gradients(again), gradients(keeping));
            assertThat(again.step(1e-3)).isEqualTo(keeping.step(1e-3));
            requireEqual(weights(again), weights(keeping));
        }
    }

    @ParameterizedTest
    @EnumSource(Precision.class)
    void trainsExpertsAndMultiTokenPredictionToTheSameBits(Precision precision) {
        LearnerSettings settings = SmallModels.settings(5, new Objective(0.1, 0.3), precision);
        try (Learner keeping = Learner.create(SmallModels.experts(), settings, Device.cpu());
                Learner again = Learner.create(SmallModels.experts(), settings.with(Recompute.LAYERS), Device.cpu())) {
            for (int step = 0; step < 3; step++) {
                assertThat(SmallModels.step(again, step)).isEqualTo(SmallModels.step(keeping, step));
            }

            requireEqual(weights(again), weights(keeping));
        }
    }

    @Test
    void addsWhatOneTensorGetsFromSeveralPlacesInAnotherOrder() {
        // Given: the embedding is the head as well, so its gradient comes from both ends of the model
        LearnerSettings settings = SmallModels.settings(5);
        try (Learner keeping = Learner.create(SmallModels.config(2, true), settings, Device.cpu());
                Learner again =
                        Learner.create(SmallModels.config(2, true), settings.with(Recompute.LAYERS), Device.cpu())) {
            for (int from : new int[] {3, 40}) {
                accumulate(keeping, from, 2, 12, SmallModels.VOCABULARY);
                accumulate(again, from, 2, 12, SmallModels.VOCABULARY);
            }

            Map<String, float[]> wanted = gradients(keeping);
            gradients(again)
                    .forEach((name, gradient) -> assertThat(gradient)
                            .as(name)
                            .containsExactly(Objects.requireNonNull(wanted.get(name)), within(1e-6f)));
        }
    }

    @Test
    void needsTheMemoryOfOneLayer() throws IOException {
        // Given: ten layers, each with 30 MiB or so for the way back
        ModelConfig deep = ModelConfig.parse("""
                {"model_type": "llama", "vocab_size": 64, "hidden_size": 64, "intermediate_size": 2560,
                 "num_hidden_layers": 10, "num_attention_heads": 2, "max_position_embeddings": 128}
                """, "a test");

        try (Learner keeping = Learner.create(deep, SmallModels.settings(0), Device.cpu());
                Learner again = Learner.create(deep, SmallModels.settings(0).with(Recompute.LAYERS), Device.cpu())) {
            accumulate(keeping, 1, 1, 4, 64);
            accumulate(again, 1, 1, 4, 64);
            long before = memory("VmRSS:");

            // When: in this order, because the first pass leaves memory to the allocator
            long recomputed = peakOfAPass(again) - before;
            long kept = peakOfAPass(keeping) - before;

            // Then
            assertThat(recomputed).isLessThan(kept / 2);
        }
    }

    private static long peakOfAPass(Learner learner) throws IOException {
        // Linux: the peak begins anew.
        Files.writeString(Path.of("/proc/self/clear_refs"), "5");
        accumulate(learner, 1, 6, 128, 64);
        return memory("VmHWM:");
    }

    private static long memory(String key) throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
            if (line.startsWith(key)) {
                return Long.parseLong(line.replaceAll("\\D", "")) << 10;
            }
        }
        throw new IOException("no " + key + " in /proc/self/status");
    }

    private static void accumulate(Learner learner, int from, int rows, int columns, int vocabulary) {
        int[] inputs = SmallModels.ids(from, rows * columns, vocabulary);
        int[] targets = SmallModels.ids(from + 1, rows * columns, vocabulary);
        learner.accumulate(inputs, targets, rows, columns, 2L * targets.length);
    }
}
