package dev.millrace.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.millrace.trainer.learn.Learner;
import dev.millrace.trainer.learn.SmallModels;
import dev.millrace.trainer.learn.TorchEngine;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class DeepSeekModelTest {
    private static final int[] IDS = SmallModels.ids(5, 24, SmallModels.VOCABULARY);

    @BeforeAll
    static void startTheEngine() {
        TorchEngine.start(1);
    }

    @Test
    void groupsQueryHeadsAsRepeatedKeyHeadsWould() {
        // Given: the same model with each key and value head written out for both of its query heads
        try (NDManager owner = NDManager.newBaseManager(Device.cpu(), "PyTorch");
                Learner grouped = SmallModels.learner(SmallModels.config(2, false), 3)) {
            SequencedMap<String, NDArray> repeated = new LinkedHashMap<>();
            grouped.model()
                    .parameters()
                    .forEach((name, weight) -> repeated.put(name, repeatHeads(owner, name, weight)));

            // When
            try (DeepSeekModel full = new DeepSeekModel(SmallModels.config(4, false), repeated)) {
                float[] logits = logits(owner, full, IDS);

                // Then
                assertThat(logits).containsExactly(logits(owner, grouped.model(), IDS), within(1e-5f));
            }
        }
    }

    private static NDArray repeatHeads(NDManager owner, String name, NDArray weight) {
        NDArray copy = owner.create(weight.toFloatArray(), weight.getShape());
        return name.contains("k_proj") || name.contains("v_proj")
                ? copy.reshape(2, 8, 32).repeat(0, 2).reshape(32, 32)
                : copy;
    }

    @Test
    void neverLooksAhead() {
        try (NDManager owner = NDManager.newBaseManager(Device.cpu(), "PyTorch");
                Learner learner = SmallModels.learner(SmallModels.config(2, true), 3)) {
            int[] otherEnd = IDS.clone();
            otherEnd[23] = (otherEnd[23] + 1) % SmallModels.VOCABULARY;

            float[] logits = logits(owner, learner.model(), IDS);
            float[] others = logits(owner, learner.model(), otherEnd);

            int last = 23 * SmallModels.VOCABULARY;
            assertThat(Arrays.copyOf(others, last)).containsExactly(Arrays.copyOf(logits, last), within(1e-6f));
            assertThat(Arrays.copyOfRange(others, last, others.length))
                    .isNotEqualTo(Arrays.copyOfRange(logits, last, logits.length));
        }
    }

    @Test
    void turnsByPositionAndFrequency() {
        try (NDManager owner = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            float[] table = rotation(owner, "", 3);

            // Then: head_dim 4, so frequencies 1 and 1/100; cosines first
            assertThat(table)
                    .containsExactly(
                            new float[] {
                                1, 1, cos(1), cos(0.01), cos(2), cos(0.02), 0, 0, sin(1), sin(0.01), sin(2), sin(0.02)
                            },
                            within(1e-7f));
        }
    }

    @Test
    void stretchesPositionsLinearly() {
        try (NDManager owner = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            float[] plain = rotation(owner, "", 3);
            float[] stretched = rotation(owner, ",\"rope_scaling\":{\"type\":\"linear\",\"factor\":2}", 5);

            assertThat(new float[] {stretched[4], stretched[5], stretched[8], stretched[9]})
                    .as("cosines of places 2 and 4 under factor 2")
                    .isEqualTo(new float[] {plain[2], plain[3], plain[4], plain[5]});
        }
    }

    private static float[] rotation(NDManager owner, String more, int positions) {
        ModelConfig config = ModelConfig.parse("""
                {"model_type":"llama","vocab_size":9,"hidden_size":8,"intermediate_size":8,"num_hidden_layers":1,
                 "num_attention_heads":2%s}
                """.formatted(more), "a test");
        return new RotaryEmbedding(config).table(owner, positions).toFloatArray();
    }

    private static float cos(double angle) {
        return (float) Math.cos(angle);
    }

    private static float sin(double angle) {
        return (float) Math.sin(angle);
    }

    private static float[] logits(NDManager owner, DeepSeekModel model, int[] ids) {
        return model.logits(owner, new TokenGrid(ids, 1, ids.length)).toFloatArray();
    }
}
