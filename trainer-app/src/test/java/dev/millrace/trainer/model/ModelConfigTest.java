package dev.millrace.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

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

        assertThat(config.keyValueHeads()).isEqualTo(4);
        assertThat(config.headDim()).isEqualTo(16);
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
            "model_type":"deepseek_v3"                  | model_type is "deepseek_v3"
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
            "kv_lora_rank":512                          | kv_lora_rank is 512
            "n_routed_experts":8                        | n_routed_experts is 8
            "sliding_window":4096                       | sliding_window is 4096
            "quantization_config":{"bits":4}            | quantization_config
            "rope_scaling":{"type":"yarn","factor":4}   | rope_scaling has type yarn
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
    void refusesRopeKeysThatContradictEachOther() {
        assertThatThrownBy(() ->
                        parse(",\"rope_theta\":1e4,\"rope_parameters\":{\"rope_type\":\"default\",\"rope_theta\":1e5}"))
                .hasMessageContaining("rope_theta differs");
    }

    @Test
    void refusesWhatIsNoConfiguration() {
        assertThatThrownBy(() -> ModelConfig.parse("[", "some/config.json")).hasMessageContaining("is not JSON");
        assertThatThrownBy(() -> ModelConfig.parse("[]", "some/config.json")).hasMessageContaining("not a JSON object");
        assertThatThrownBy(() -> ModelConfig.parse("{}", "some/config.json"))
                .hasMessageContaining("model_type is missing");
    }

    private static ModelConfig parse(String more) {
        return ModelConfig.parse("{" + REQUIRED + more + "}", "some/config.json");
    }
}
