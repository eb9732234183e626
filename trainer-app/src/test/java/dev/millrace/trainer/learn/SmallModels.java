package dev.millrace.trainer.learn;

import ai.djl.Device;
import dev.millrace.trainer.batch.Ramp;
import dev.millrace.trainer.model.ModelConfig;
import dev.millrace.trainer.model.Precision;
import dev.millrace.trainer.model.Recompute;
import java.util.OptionalDouble;

/// Models of a few thousand parameters, and something to train them on.
public final class SmallModels {
    public static final int VOCABULARY = 96;
    public static final int COLUMNS = 12;

    private SmallModels() {}

    public static ModelConfig config(int keyValueHeads, boolean tied) {
        return config(VOCABULARY, keyValueHeads, tied);
    }

    public static ModelConfig config(int vocabulary, int keyValueHeads, boolean tied) {
        return ModelConfig.parse("""
                {"model_type": "llama", "vocab_size": %d, "hidden_size": 32, "intermediate_size": 80,
                 "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": %d,
                 "max_position_embeddings": 64, "rms_norm_eps": 1e-6, "tie_word_embeddings": %b,
                 "eos_token_id": 257}
                """.formatted(vocabulary, keyValueHeads, tied), "a test");
    }

    /// A V3 with latent attention, one dense layer, two with experts, and a module that predicts one token further.
    public static ModelConfig experts() {
        return ModelConfig.parse("""
                {"model_type": "deepseek_v3", "vocab_size": %d, "hidden_size": 32, "intermediate_size": 80,
                 "num_hidden_layers": 3, "num_attention_heads": 4, "q_lora_rank": 16, "kv_lora_rank": 16,
                 "qk_nope_head_dim": 8, "qk_rope_head_dim": 4, "v_head_dim": 8, "n_routed_experts": 8,
                 "num_experts_per_tok": 2, "n_shared_experts": 1, "moe_intermediate_size": 16,
                 "first_k_dense_replace": 1, "n_group": 2, "topk_group": 1, "norm_topk_prob": true,
                 "routed_scaling_factor": 2.5, "num_nextn_predict_layers": 1, "max_position_embeddings": 64}
                """.formatted(VOCABULARY), "a test");
    }

    public static Learner learner(ModelConfig config, long seed) {
        return Learner.create(config, settings(seed), Device.cpu());
    }

    public static LearnerSettings settings(long seed) {
        return settings(seed, new Objective(1e-4, 0.3), Precision.FP32);
    }

    static LearnerSettings settings(long seed, Objective objective, Precision precision) {
        return settings(seed, Ramp.constant(0.001), objective, precision);
    }

    public static LearnerSettings settings(long seed, Ramp<Double> routerBiasRate, Objective objective) {
        return settings(seed, routerBiasRate, objective, Precision.FP32);
    }

    private static LearnerSettings settings(
            long seed, Ramp<Double> routerBiasRate, Objective objective, Precision precision) {
        return new LearnerSettings(
                seed,
                0.9,
                0.95,
                1e-8,
                0.1,
                1.0,
                routerBiasRate,
                objective,
                precision,
                Recompute.NONE,
                OptionalDouble.of(0.1));
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
    public static StepOutcome step(Learner learner, int number) {
        int[] inputs = ids(number, 2 * COLUMNS, VOCABULARY);
        int[] targets = ids(number + 1, 2 * COLUMNS, VOCABULARY);
        learner.accumulate(inputs, targets, 2, COLUMNS, targets.length);
        return learner.step(1e-2);
    }
}
