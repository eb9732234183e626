package dev.millrace.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.trainer.model.AttentionShape;
import dev.millrace.trainer.model.DeepSeekModel;
import dev.millrace.trainer.model.ModelConfig;
import dev.millrace.trainer.model.ParameterSpec;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/// A model and the batch that it is trained on.
///
/// The shapes with experts have 64 routed ones, of which 6 see a token, and 2 shared. Those for a CPU are each
/// an eighth as wide as the dense feed-forward: a token meets as many weights there as in the dense model.
/// Their attention is latent (V2), with ranks that give it the size of the dense model's.
///
/// @param label its name; of a model with fewer layers than it has, `NAME-4-of-27-layers`
/// @param rows of a step, at most
/// @param columns positions of a row
/// @param json a Hugging Face `config.json`
record BenchShape(String label, int rows, int columns, String json) {
    static final BenchShape DENSE_256X6 = new BenchShape("dense-256x6", 8, 512, """
            {"model_type": "llama", "hidden_size": 256, "num_hidden_layers": 6, "num_attention_heads": 4,
             "intermediate_size": 1024, "vocab_size": 8192, "max_position_embeddings": 512}""");
    static final BenchShape DENSE_768X12 = new BenchShape("dense-768x12", 8, 512, """
            {"model_type": "llama", "hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12,
             "intermediate_size": 2048, "vocab_size": 8192, "max_position_embeddings": 512}""");
    static final BenchShape MOE_768X12 = new BenchShape("moe-768x12", 8, 512, """
            {"model_type": "deepseek_v2", "hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12,
             "kv_lora_rank": 384, "qk_nope_head_dim": 64, "qk_rope_head_dim": 32, "v_head_dim": 64,
             "n_routed_experts": 64, "num_experts_per_tok": 6, "n_shared_experts": 2, "moe_intermediate_size": 256,
             "first_k_dense_replace": 0, "intermediate_size": 2048, "vocab_size": 8192,
             "max_position_embeddings": 512}""");
    /// For the course of memory: few layers of many tensors.
    static final BenchShape MOE_768X2 = new BenchShape("moe-768x2", 1, 512, """
            {"model_type": "deepseek_v2", "hidden_size": 768, "num_hidden_layers": 2, "num_attention_heads": 12,
             "kv_lora_rank": 384, "qk_nope_head_dim": 64, "qk_rope_head_dim": 32, "v_head_dim": 64,
             "n_routed_experts": 64, "num_experts_per_tok": 6, "n_shared_experts": 2, "moe_intermediate_size": 256,
             "first_k_dense_replace": 0, "intermediate_size": 2048, "vocab_size": 8192,
             "max_position_embeddings": 512}""");
    /// Small enough for a test.
    static final BenchShape DENSE_TINY = new BenchShape("dense-tiny", 2, 32, """
            {"model_type": "llama", "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
             "intermediate_size": 64, "vocab_size": 96, "max_position_embeddings": 32}""");
    /// Small enough for a test.
    static final BenchShape MOE_TINY = new BenchShape("moe-tiny", 2, 32, """
            {"model_type": "deepseek_v2", "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
             "kv_lora_rank": 16, "qk_nope_head_dim": 8, "qk_rope_head_dim": 4, "v_head_dim": 8,
             "n_routed_experts": 8, "num_experts_per_tok": 2, "n_shared_experts": 1, "moe_intermediate_size": 16,
             "first_k_dense_replace": 0, "intermediate_size": 64, "vocab_size": 96, "max_position_embeddings": 32}""");
    /// Large enough for a test to see what memory it takes.
    static final BenchShape DENSE_512X2 = new BenchShape("dense-512x2", 8, 256, """
            {"model_type": "llama", "hidden_size": 512, "num_hidden_layers": 2, "num_attention_heads": 8,
             "intermediate_size": 1376, "vocab_size": 2048, "max_position_embeddings": 256}""");
    /// `deepseek-ai/deepseek-coder-1.3b-base`, the hub's smallest model of DeepSeek-LLM's architecture.
    static final BenchShape LLM_1_3B = new BenchShape("llm-1.3b", 8, 4096, """
            {"model_type": "llama", "hidden_size": 2048, "num_hidden_layers": 24, "num_attention_heads": 16,
             "num_key_value_heads": 16, "intermediate_size": 5504, "vocab_size": 32256, "rms_norm_eps": 1e-06,
             "rope_scaling": {"factor": 4.0, "type": "linear"}, "rope_theta": 100000,
             "max_position_embeddings": 16384}""");
    /// `deepseek-ai/DeepSeek-V2-Lite`.
    static final BenchShape V2_LITE = new BenchShape("v2-lite", 8, 4096, """
            {"model_type": "deepseek_v2", "hidden_size": 2048, "num_hidden_layers": 27, "num_attention_heads": 16,
             "kv_lora_rank": 512, "q_lora_rank": null, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64,
             "v_head_dim": 128, "n_routed_experts": 64, "num_experts_per_tok": 6, "n_shared_experts": 2,
             "moe_intermediate_size": 1408, "first_k_dense_replace": 1, "intermediate_size": 10944,
             "vocab_size": 102400, "rms_norm_eps": 1e-06, "rope_theta": 10000, "max_position_embeddings": 163840,
             "rope_scaling": {"beta_fast": 32, "beta_slow": 1, "factor": 40, "mscale": 0.707, "mscale_all_dim": 0.707,
               "original_max_position_embeddings": 4096, "type": "yarn"}}""");

    /// What a CPU is measured with.
    static final List<BenchShape> SMALL = List.of(DENSE_256X6, DENSE_768X12, MOE_768X12);
    /// What a GPU is measured with.
    static final List<BenchShape> REAL = List.of(LLM_1_3B, V2_LITE);

    private static final List<BenchShape> ALL = List.of(
            DENSE_256X6, DENSE_768X12, MOE_768X12, MOE_768X2, DENSE_TINY, MOE_TINY, DENSE_512X2, LLM_1_3B, V2_LITE);

    private static final Pattern FIRST_LAYERS = Pattern.compile("(.+)-(\\d{1,4})-of-(\\d{1,4})-layers");
    private static final ObjectMapper JSON = new ObjectMapper();

    static BenchShape of(String label) {
        Matcher cut = FIRST_LAYERS.matcher(label);
        if (cut.matches()) {
            BenchShape shape = of(cut.group(1)).first(Integer.parseInt(cut.group(2)));
            if (shape.label.equals(label)) {
                return shape;
            }
        }
        return ALL.stream()
                .filter(shape -> shape.label.equals(label))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("There is no shape " + label + ", there are "
                        + ALL.stream().map(BenchShape::label).collect(Collectors.joining(", "))
                        + ", and of each its first layers: v2-lite-4-of-27-layers"));
    }

    /// The same model with its first layers only: what is left out is named, as long as it is not all of them.
    BenchShape first(int layers) {
        int all = config().layers();
        if (layers < 1 || layers >= all) {
            throw new IllegalArgumentException(
                    label + " has " + all + " layers: " + layers + " are not some of the first, but not all");
        }
        try {
            ObjectNode cut = (ObjectNode) JSON.readTree(json);
            cut.put("num_hidden_layers", layers);
            return new BenchShape(label + "-" + layers + "-of-" + all + "-layers", rows, columns, cut.toString());
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(label + " is no JSON", e);
        }
    }

    /// The model with all its layers, where these are the first of them only.
    Optional<BenchShape> whole() {
        Matcher cut = FIRST_LAYERS.matcher(label);
        return cut.matches() ? Optional.of(of(cut.group(1))) : Optional.empty();
    }

    ModelConfig config() {
        return ModelConfig.parse(json, label);
    }

    /// Weights in matrices that one token is multiplied with: of the routed experts those that it is given to; not
    /// the embedding, which is looked up.
    long activeParameters() {
        ModelConfig config = config();
        return DeepSeekModel.parameters(config).stream()
                        .filter(spec -> spec.role() == ParameterSpec.Role.MATRIX
                                && !spec.name().equals("model.embed_tokens.weight"))
                        .mapToLong(spec -> spec.shape().size() * share(spec, config))
                        .sum()
                / experts(config);
    }

    private static long share(ParameterSpec spec, ModelConfig config) {
        return spec.name().contains(".mlp.experts.")
                ? config.experts().orElseThrow().perToken()
                : experts(config);
    }

    private static long experts(ModelConfig config) {
        return config.experts().map(experts -> (long) experts.routed()).orElse(1L);
    }

    /// Floating-point operations that training on one token takes: `6 A + 3 L T h (k + v)`.
    ///
    /// A are the active parameters (2 operations each forward, 4 backward), L layers, T positions of a row, h
    /// heads, k and v channels of a key and a value. In full, attention takes `2 T h (k + v)` forward and twice
    /// that backward; the causal mask leaves half (with h k = h v = M this is `6 L T M`, half of PaLM's
    /// `12 L H Q T`, arXiv 2204.02311, appendix B). Recomputed values, norms, softmax and optimizer count nothing.
    double flopsPerToken() {
        ModelConfig config = config();
        long channels = switch (config.attention()) {
            case AttentionShape.Grouped grouped -> 2L * grouped.headDim();
            case AttentionShape.Latent latent -> (long) latent.headDim() + latent.valueDim();
        };
        return 6.0 * activeParameters()
                + 3.0 * config.layers() * columns * config.attention().heads() * channels;
    }

    /// The share of [#flopsPerToken] that the projection to the vocabulary takes.
    double headShare() {
        ModelConfig config = config();
        return 6.0 * config.vocabSize() * config.hiddenSize() / flopsPerToken();
    }
}
