package dev.millrace.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import dev.millrace.trainer.learn.Learner;
import dev.millrace.trainer.learn.LearnerSettings;
import dev.millrace.trainer.learn.SmallModels;
import dev.millrace.trainer.learn.TorchEngine;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeyValueCacheTest {
    private static final int LENGTH = 40;

    @BeforeAll
    static void startTheEngine() {
        TorchEngine.start(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama_gqa", "deepseek_v2_lite", "deepseek_v3", "deepseek_v3_yarn"})
    void scoresWhatTheWholeRowDoes(String fixture) throws Exception {
        try (Learner learner = Learner.load(
                        Path.of("src/test/resources/fixtures", fixture), LearnerSettings.deepSeek(0), Device.cpu());
                KeyValueCache cache = learner.model().cache(LENGTH)) {
            // Given
            int[] ids = SmallModels.ids(3, LENGTH, learner.config().vocabSize());

            // When: the row grows by one, by several, by many, and by one again
            int[] ends = {1, 2, 9, 33, 34, LENGTH};
            for (int end : ends) {
                float[] scores = cache.append(Arrays.copyOfRange(ids, cache.length(), end));

                // Then
                assertThat(scores)
                        .as("after %d tokens", end)
                        .containsExactly(last(learner.model(), Arrays.copyOf(ids, end)), within(2e-5f));
            }

            // When
            cache.clear();

            // Then: nothing is left of the row before
            int[] other = SmallModels.ids(8, 5, learner.config().vocabSize());
            assertThat(cache.append(other)).containsExactly(last(learner.model(), other), within(2e-5f));
        }
    }

    @Test
    void staysCloseInBfloat16() {
        try (Learner learner = Learner.create(
                        SmallModels.config(2, true), SmallModels.settings(3).with(Precision.BF16), Device.cpu());
                KeyValueCache cache = learner.model().cache(LENGTH)) {
            int[] ids = SmallModels.ids(3, 20, SmallModels.VOCABULARY);

            cache.append(Arrays.copyOf(ids, 12));
            float[] scores = cache.append(Arrays.copyOfRange(ids, 12, 20));

            assertThat(scores).containsExactly(last(learner.model(), ids), within(0.02f));
        }
    }

    @Test
    void refusesMoreThanItCanHave() {
        try (Learner learner = SmallModels.learner(SmallModels.config(2, true), 3);
                KeyValueCache cache = learner.model().cache(4)) {
            cache.append(new int[] {1, 2, 3});
            assertThatThrownBy(() -> cache.append(new int[] {4, 5}))
                    .hasMessage("2 tokens do not fit behind 3 in a row of at most 4");
            assertThatThrownBy(() -> learner.model().cache(65)).hasMessageContaining("1 to 64");
        }
    }

    private static float[] last(DeepSeekModel model, int[] ids) {
        try (NDManager scope = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            float[] all = model.logits(scope, new TokenGrid(ids, 1, ids.length)).toFloatArray();
            return Arrays.copyOfRange(all, all.length - model.config().vocabSize(), all.length);
        }
    }
}
