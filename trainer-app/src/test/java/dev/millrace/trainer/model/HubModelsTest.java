package dev.millrace.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.LinkedHashMap;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.SequencedMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// The `config.json` of DeepSeek's models, with every key that the hub has there.
class HubModelsTest {
    private static final String LLM_7B = """
            {"architectures": ["LlamaForCausalLM"], "bos_token_id": 100000, "eos_token_id": 100001,
             "hidden_act": "silu", "hidden_size": 4096, "initializer_range": 0.02, "intermediate_size": 11008,
             "max_position_embeddings": 4096, "model_type": "llama", "num_attention_heads": 32,
             "num_hidden_layers": 30, "num_key_value_heads": 32, "pretraining_tp": 1, "rms_norm_eps": 1e-06,
             "rope_scaling": null, "rope_theta": 10000.0, "tie_word_embeddings": false,
             "torch_dtype": "bfloat16", "transformers_version": "4.33.1", "use_cache": true, "vocab_size": 102400}
            """;

    private static final String LLM_67B = """
            {"architectures": ["LlamaForCausalLM"], "bos_token_id": 100000, "eos_token_id": 100001,
             "hidden_act": "silu", "hidden_size": 8192, "initializer_range": 0.02, "intermediate_size": 22016,
             "max_position_embeddings": 4096, "model_type": "llama", "num_attention_heads": 64,
             "num_hidden_layers": 95, "num_key_value_heads": 8, "pretraining_tp": 1, "rms_norm_eps": 1e-06,
             "rope_scaling": null, "rope_theta": 10000.0, "tie_word_embeddings": false,
             "torch_dtype": "bfloat16", "transformers_version": "4.33.1", "use_cache": true, "vocab_size": 102400}
            """;

    private static final String CODER_6_7B = """
            {"architectures": ["LlamaForCausalLM"], "bos_token_id": 32013, "eos_token_id": 32014,
             "hidden_act": "silu", "hidden_size": 4096, "initializer_range": 0.02, "intermediate_size": 11008,
             "max_position_embeddings": 16384, "model_type": "llama", "num_attention_heads": 32,
             "num_hidden_layers": 32, "num_key_value_heads": 32, "pretraining_tp": 1, "rms_norm_eps": 1e-06,
             "rope_scaling": {"factor": 4.0, "type": "linear"}, "rope_theta": 100000, "tie_word_embeddings": false,
             "torch_dtype": "bfloat16", "transformers_version": "4.33.1", "use_cache": true, "vocab_size": 32256}
            """;

    private static final String V2_LITE = """
            {"architectures": ["DeepseekV2ForCausalLM"], "attention_bias": false, "attention_dropout": 0.0,
             "auto_map": {"AutoConfig": "configuration_deepseek.DeepseekV2Config"}, "aux_loss_alpha": 0.001,
             "bos_token_id": 100000, "eos_token_id": 100001, "first_k_dense_replace": 1, "hidden_act": "silu",
             "hidden_size": 2048, "initializer_range": 0.02, "intermediate_size": 10944, "kv_lora_rank": 512,
             "max_position_embeddings": 163840, "model_type": "deepseek_v2", "moe_intermediate_size": 1408,
             "moe_layer_freq": 1, "n_group": 1, "n_routed_experts": 64, "n_shared_experts": 2,
             "norm_topk_prob": false, "num_attention_heads": 16, "num_experts_per_tok": 6,
             "num_hidden_layers": 27, "num_key_value_heads": 16, "pretraining_tp": 1, "q_lora_rank": null,
             "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "rms_norm_eps": 1e-06,
             "rope_scaling": {"beta_fast": 32, "beta_slow": 1, "factor": 40, "mscale": 0.707,
               "mscale_all_dim": 0.707, "original_max_position_embeddings": 4096, "type": "yarn"},
             "rope_theta": 10000, "routed_scaling_factor": 1.0, "scoring_func": "softmax", "seq_aux": true,
             "tie_word_embeddings": false, "topk_group": 1, "topk_method": "greedy", "torch_dtype": "bfloat16",
             "transformers_version": "4.33.1", "use_cache": true, "v_head_dim": 128, "vocab_size": 102400}
            """;

    private static final String V2 = """
            {"architectures": ["DeepseekV2ForCausalLM"], "attention_bias": false, "attention_dropout": 0.0,
             "aux_loss_alpha": 0.001, "bos_token_id": 100000, "eos_token_id": 100001, "ep_size": 1,
             "first_k_dense_replace": 1, "hidden_act": "silu", "hidden_size": 5120, "initializer_range": 0.02,
             "intermediate_size": 12288, "kv_lora_rank": 512, "max_position_embeddings": 163840,
             "model_type": "deepseek_v2", "moe_intermediate_size": 1536, "moe_layer_freq": 1, "n_group": 8,
             "n_routed_experts": 160, "n_shared_experts": 2, "norm_topk_prob": false,
             "num_attention_heads": 128, "num_experts_per_tok": 6, "num_hidden_layers": 60,
             "num_key_value_heads": 128, "pretraining_tp": 1, "q_lora_rank": 1536, "qk_nope_head_dim": 128,
             "qk_rope_head_dim": 64, "rms_norm_eps": 1e-06,
             "rope_scaling": {"beta_fast": 32, "beta_slow": 1, "factor": 40, "mscale": 0.707,
               "mscale_all_dim": 0.707, "original_max_position_embeddings": 4096, "type": "yarn"},
             "rope_theta": 10000, "routed_scaling_factor": 16.0, "scoring_func": "softmax", "seq_aux": true,
             "tie_word_embeddings": false, "topk_group": 3, "topk_method": "group_limited_greedy",
             "torch_dtype": "bfloat16", "transformers_version": "4.39.3", "use_cache": true, "v_head_dim": 128,
             "vocab_size": 102400}
            """;

    /// Without `quantization_config`: as it is once its weights have been brought to bfloat16.
    private static final String V3 = """
            {"architectures": ["DeepseekV3ForCausalLM"], "attention_bias": false, "attention_dropout": 0.0,
             "aux_loss_alpha": 0.001, "bos_token_id": 0, "eos_token_id": 1, "ep_size": 1,
             "first_k_dense_replace": 3, "hidden_act": "silu", "hidden_size": 7168, "initializer_range": 0.02,
             "intermediate_size": 18432, "kv_lora_rank": 512, "max_position_embeddings": 163840,
             "model_type": "deepseek_v3", "moe_intermediate_size": 2048, "moe_layer_freq": 1, "n_group": 8,
             "n_routed_experts": 256, "n_shared_experts": 1, "norm_topk_prob": true,
             "num_attention_heads": 128, "num_experts_per_tok": 8, "num_hidden_layers": 61,
             "num_key_value_heads": 128, "num_nextn_predict_layers": %d, "pretraining_tp": 1,
             "q_lora_rank": 1536, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "rms_norm_eps": 1e-06,
             "rope_scaling": {"beta_fast": 32, "beta_slow": 1, "factor": 40, "mscale": 1.0,
               "mscale_all_dim": 1.0, "original_max_position_embeddings": 4096, "type": "yarn"},
             "rope_theta": 10000, "routed_scaling_factor": 2.5, "scoring_func": "sigmoid", "seq_aux": true,
             "tie_word_embeddings": false, "topk_group": 4, "topk_method": "noaux_tc",
             "torch_dtype": "bfloat16", "transformers_version": "4.33.1", "use_cache": true, "v_head_dim": 128,
             "vocab_size": 129280}
            """;

    /// Billions, as papers and hub give them.
    static Stream<Arguments> sizes() {
        return Stream.of(
                Arguments.of(LLM_7B, 6.91),
                Arguments.of(LLM_67B, 67.4),
                Arguments.of(CODER_6_7B, 6.74),
                Arguments.of(V2_LITE, 15.7),
                Arguments.of(V2, 235.7),
                Arguments.of(V3.formatted(0), 671.0));
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void haveAsManyParametersAsTheirPapersSay(String config, double billions) {
        double elements = 0;
        for (ParameterSpec spec : DeepSeekModel.parameters(ModelConfig.parse(config, "the hub"))) {
            elements += spec.shape().size();
        }

        assertThat(elements / 1e9 / billions).isCloseTo(1, within(0.001));
    }

    @Test
    void v3PredictsOneTokenFurtherWithALayerBehindTheLast() {
        ModelConfig config = ModelConfig.parse(V3.formatted(1), "the hub");

        assertThat(DeepSeekModel.parameters(config))
                .extracting(ParameterSpec::name)
                .contains(
                        "model.layers.61.eh_proj.weight",
                        "model.layers.61.enorm.weight",
                        "model.layers.61.hnorm.weight",
                        "model.layers.61.shared_head.norm.weight",
                        "model.layers.61.mlp.gate.e_score_correction_bias");
        assertThat(DeepSeekModel.isDerived("model.layers.61.embed_tokens.weight", config))
                .isTrue();
        assertThat(DeepSeekModel.isDerived("model.layers.61.shared_head.head.weight", config))
                .isTrue();
    }

    @Test
    void v2ChoosesWithinGroupsAndKeepsItsScores() {
        ExpertShape experts = ModelConfig.parse(V2, "the hub").experts().orElseThrow();

        assertThat(experts)
                .isEqualTo(new ExpertShape(160, 6, 2, 1536, 1, 1, ExpertShape.Scoring.SOFTMAX, 8, 3, false, 16));
        // Greedy ones have no groups, whatever the keys say.
        assertThat(ModelConfig.parse(V2.replace("group_limited_greedy", "greedy"), "the hub")
                        .experts()
                        .orElseThrow()
                        .groups())
                .isEqualTo(1);
    }

    /// Hugging Face's V2 lacked the factor until its pull request 47435.
    @Test
    void yarnSharpensTheSoftmaxOfV2AsOfV3() {
        double sharpening = 0.1 * 0.707 * Math.log(40) + 1;

        for (String text : new String[] {V2_LITE, V2}) {
            ModelConfig config = ModelConfig.parse(text, "the hub");
            AttentionShape.Latent shape = (AttentionShape.Latent) config.attention();
            SequencedMap<String, Number> constants = new LinkedHashMap<>();
            LatentAttention.constants(shape, config, constants);

            assertThat(Objects.requireNonNull(constants.get("softmax_scale")).doubleValue())
                    .isCloseTo(sharpening * sharpening / Math.sqrt(192), within(1e-12));
            assertThat(constants).containsEntry("rope_interleaved", 1L);
            assertThat(config.ropeScaling().attentionFactor()).isEqualTo(1);
        }
        assertThat(((AttentionShape.Latent) ModelConfig.parse(V2, "the hub").attention()).queryRank())
                .isEqualTo(OptionalInt.of(1536));
    }
}
