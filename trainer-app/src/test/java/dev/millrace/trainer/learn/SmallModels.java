package dev.millrace.trainer.learn;

import ai.djl.Device;
import dev.millrace.trainer.model.ModelConfig;
import java.util.OptionalDouble;

/// Models of a few thousand parameters, and something to train them on.
public final class SmallModels {
    public static final int VOCABULARY = 96;
    public static final int COLUMNS = 12;

    private SmallModels() {}

    public static ModelConfig config(int keyValueHeads, boolean tied) {
        return config(VOCABULARY, keyValueHeads, tied);
    }

    static ModelConfig config(int vocabulary, int keyValueHeads, boolean tied) {
        return ModelConfig.parse("""
                {"model_type": "llama", "vocab_size": %d, "hidden_size": 32, "intermediate_size": 80,
                 "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": %d,
                 "max_position_embeddings": 64, "rms_norm_eps": 1e-6, "tie_word_embeddings": %b,
                 "custom_key": "kept"}
                """.formatted(vocabulary, keyValueHeads, tied), "a test");
    }

    public static Learner learner(ModelConfig config, long seed) {
        return Learner.create(config, settings(seed), Device.cpu());
    }

    static LearnerSettings settings(long seed) {
        return new LearnerSettings(seed, 0.9, 0.95, 1e-8, 0.1, 1.0, OptionalDouble.of(0.1));
    }

    /// Ids that follow from `from` and rise by varying strides, so that there is something to learn.
    public static int[] ids(int from, int count, int vocabulary) {
        int[] ids = new int[count];
        for (int i = 0; i < count; i++) {
            ids[i] = Math.floorMod(from + i * (1 + i % 3), vocabulary);
        }
        return ids;
    }

    /// One step over two rows.
    static StepOutcome step(Learner learner, int number) {
        int[] inputs = ids(number, 2 * COLUMNS, VOCABULARY);
        int[] targets = ids(number + 1, 2 * COLUMNS, VOCABULARY);
        learner.accumulate(inputs, targets, 2, COLUMNS, targets.length);
        return learner.step(1e-2);
    }
}
