package dev.millrace.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelConfigTest {
    private static final String REQUIRED = """
            "model_type":"llama","vocab_size":100,"hidden_size":64,"intermediate_size":172,"num_hidden_layers":2,
            "num_attention_heads":4
            """;

    @Test
    void takesTheHubsDefaults() {
        ModelConfig config = parse("");

        assertThat(config.attention()).isEqualTo(new AttentionShape.Grouped(4, 4, 16));
        assertThat(config.experts()).isEmpty();
        assertThat(config.rmsNormEps()).isEqualTo(1e-6);
        assertThat(config.ropeTheta()).isEqualTo(10_000);
        assertThat(config.ropeScaling()).isEqualTo(new RopeScaling.None());
        assertThat(config.tiedEmbeddings()).isFalse();
        assertThat(config.initializerRange()).isEqualTo(0.006);
    }

    @Test
    void readsLinearScalingInBothSpellings() {
        assertThat(parse(",\"rope_scaling\":{\"type\":\"linear\",\"factor\":4.0}")
                        .ropeScaling())
                .isEqualTo(new RopeScaling.Linear(4));
        ModelConfig newer =
                parse(",\"rope_parameters\":{\"rope_type\":\"linear\",\"factor\":2,\"rope_theta\":100000.0}");
        assertThat(newer.ropeScaling()).isEqualTo(new RopeScaling.Linear(2));
        assertThat(newer.ropeTheta()).isEqualTo(100_000);
    }

    @Test
    void keepsKeysThatDoNotMatterForTheMathematics() {
        ModelConfig config = parse(",\"use_cache\":true,\"bos_token_id\":0,\"pretraining_tp\":1,\"rope_scaling\":null");

        assertThat(config.json().get("use_cache").booleanValue()).isTrue();
        assertThat(config.json().get("bos_token_id").intValue()).isZero();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\0', textBlock = """
            "model_type":"qwen2"                        | model_type is "qwen2"
            "num_key_value_heads":3                     | num_attention_heads is 4, it must be a multiple of num_key_value_heads
            "num_attention_heads":5                     | hidden_size is 64
            "num_attention_heads":0                     | num_attention_heads
            "head_dim":15                               | head_dim is 15, it must be even
            "vocab_size":0                              | vocab_size is 0
            "vocab_size":"100"                          | vocab_size is "100"
            "vocab_size":null                           | vocab_size is missing
            "rms_norm_eps":-1                           | rms_norm_eps is -1
            "hidden_act":"gelu"                         | hidden_act is "gelu"
            "attention_bias":true                       | attention_bias is true
            "mlp_bias":true                             | mlp_bias is true
            "tie_word_embeddings":"yes"                 | tie_word_embeddings is "yes"
            "attention_dropout":0.1                     | attention_dropout is 0.1
            "kv_lora_rank":512                          | kv_lora_rank is unknown for llama
            "n_routed_experts":8                        | n_routed_experts is unknown for llama
            "sliding_window":4096                       | sliding_window is 4096
            "quantization_config":{"bits":4}            | quantization_config
            "rope_scaling":{"type":"dynamic","factor":4} | rope_scaling has type dynamic
            "rope_scaling":{"type":"yarn"}              | rope_scaling is yarn without a factor
            "rope_scaling":{"type":"linear","factor":2,"low_freq_factor":1} | rope_scaling: low_freq_factor is unknown
            "num_nextn_predict_layers":1                | num_nextn_predict_layers is unknown
            "final_logit_softcapping":30                | final_logit_softcapping is unknown for llama
            "rope_scaling":{"type":"linear"}            | rope_scaling is linear without a factor
            "rope_scaling":{"type":"linear","factor":0} | factor is 0.0
            "rope_scaling":{"type":"linear","rope_type":"default","factor":2} | rope_scaling has type
            "rope_scaling":7                            | rope_scaling is 7
            """)
    void namesTheKeyAndTheFile(String key, String problem) {
        // Jackson keeps the last of two equal keys, so each line overrides what went before.
        assertThatThrownBy(() -> parse("," + key))
                .isInstanceOf(UnsupportedModelException.class)
                .hasMessageContaining("some/config.json: ")
                .hasMessageContaining(problem);
    }

    @Test
    void readsLatentAttentionAndExperts() {
        ModelConfig config = v3("");

        assertThat(config.attention()).isEqualTo(new AttentionShape.Latent(4, OptionalInt.of(40), 32, 16, 8, 24, true));
        assertThat(config.experts())
                .contains(new ExpertShape(16, 4, 1, 20, 1, 1, ExpertShape.Scoring.SIGMOID, 4, 2, true, 2.5));
        assertThat(config.predictionLayers()).isEqualTo(1);
        assertThat(v3(",\"q_lora_rank\":null").attention())
                .isEqualTo(new AttentionShape.Latent(4, OptionalInt.empty(), 32, 16, 8, 24, true));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\0', textBlock = """
            "num_key_value_heads":2                     | num_key_value_heads is 2
            "scoring_func":"softmax"                    | scoring_func is "softmax"
            "topk_method":"greedy"                      | topk_method is "greedy"
            "n_group":3                                 | n_routed_experts is 16, it must be a multiple of n_group
            "topk_group":1,"num_experts_per_tok":5      | num_experts_per_tok is 5
            "n_group":16,"topk_group":8                 | a group needs two
            "kv_lora_rank":0                            | kv_lora_rank is 0
            "qk_rope_head_dim":7                        | qk_rope_head_dim is 7, it must be even
            "num_nextn_predict_layers":2                | num_nextn_predict_layers is 2
            "moe_layer_freq":0                          | moe_layer_freq is 0
            "n_shared_experts":2147483647               | n_shared_experts is 2147483647
            "routed_scaling_factor":1e999               | routed_scaling_factor is
            "rope_theta":1                              | rope_theta is 1.0, it must be above 1
            "rope_scaling":{"type":"yarn","factor":4,"mscale":-1}           | mscale is -1.0
            "rope_scaling":{"type":"yarn","factor":4,"attention_factor":0}  | attention_factor is 0.0
            "model_type":"deepseek_v2"                  | topk_method is "noaux_tc"
            "expert_bias":true                          | expert_bias is unknown
            """)
    void namesWhatLatentModelsCannotBe(String key, String problem) {
        assertThatThrownBy(() -> v3("," + key))
                .isInstanceOf(UnsupportedModelException.class)
                .hasMessageContaining("some/config.json: ")
                .hasMessageContaining(problem);
    }

    @Test
    void stretchesPositionsAsYarnDoes() {
        RopeScaling yarn = new RopeScaling.Yarn(40, 4096, 32, 1, 1, 1, OptionalDouble.empty());

        float[] plain = new RopeScaling.None().frequencies(10_000, 64);
        float[] stretched = yarn.frequencies(10_000, 64);

        assertThat(stretched[0]).isEqualTo(plain[0]);
        assertThat(stretched[31]).isCloseTo(plain[31] / 40, within(1e-9f));
        assertThat(yarn.attentionFactor()).isEqualTo(1);
        assertThat(yarn.softmaxFactor()).isCloseTo(Math.pow(0.1 * Math.log(40) + 1, 2), within(1e-12));
    }

    @Test
    void refusesRopeKeysThatContradictEachOther() {
        assertThatThrownBy(() ->
                        parse(",\"rope_theta\":1e4,\"rope_parameters\":{\"rope_type\":\"default\",\"rope_theta\":1e5}"))
                .hasMessageContaining("rope_theta differs");
    }

    @Test
    void refusesAKeyThatIsThereTwice() {
        assertThatThrownBy(() -> ModelConfig.parse("{" + REQUIRED + ",\"hidden_size\":128}", "some/config.json"))
                .isInstanceOf(UnsupportedModelException.class)
                .hasMessageContaining("some/config.json")
                .hasMessageContaining("hidden_size");
        assertThatThrownBy(() -> ModelConfig.parse("{" + REQUIRED + "} {}", "some/config.json"))
                .hasMessageContaining("some/config.json is not JSON");
    }

    @Test
    void refusesTheArchitectureOfAnotherModel() {
        assertThat(parse(",\"architectures\":[\"LlamaForCausalLM\"]").layers()).isPositive();
        assertThatThrownBy(() -> parse(",\"architectures\":[\"DeepseekV2ForCausalLM\"]"))
                .hasMessageContaining("architectures is [\"DeepseekV2ForCausalLM\"]; of this model_type it must be"
                        + " [\"LlamaForCausalLM\"]");
    }

    @Test
    void refusesWhatIsNoConfiguration() {
        assertThatThrownBy(() -> ModelConfig.parse("[", "some/config.json")).hasMessageContaining("is not JSON");
        assertThatThrownBy(() -> ModelConfig.parse("[]", "some/config.json")).hasMessageContaining("not a JSON object");
        assertThatThrownBy(() -> ModelConfig.parse("{}", "some/config.json"))
                .hasMessageContaining("model_type is missing");
    }

    private static ModelConfig v3(String more) {
        return ModelConfig.parse(overlaid("""
                {"model_type":"deepseek_v3","vocab_size":100,"hidden_size":64,"intermediate_size":172,
                "num_hidden_layers":2,"num_attention_heads":4,"q_lora_rank":40,"kv_lora_rank":32,
                "qk_nope_head_dim":16,"qk_rope_head_dim":8,"v_head_dim":24,"n_routed_experts":16,
                "num_experts_per_tok":4,"n_shared_experts":1,"moe_intermediate_size":20,"first_k_dense_replace":1,
                "n_group":4,"topk_group":2,"norm_topk_prob":true,"routed_scaling_factor":2.5,
                "scoring_func":"sigmoid","topk_method":"noaux_tc","num_nextn_predict_layers":1%s}
                """.formatted(more)), "some/config.json");
    }

    /// Of a key that is there twice, the last.
    private static String overlaid(String json) {
        try {
            return new ObjectMapper().readTree(json).toString();
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(json, e);
        }
    }

    private static ModelConfig parse(String more) {
        return ModelConfig.parse(overlaid("{" + REQUIRED + more + "}"), "some/config.json");
    }
}
