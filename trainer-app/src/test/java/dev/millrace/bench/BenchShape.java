package dev.millrace.bench;

import dev.millrace.trainer.model.AttentionShape;
import dev.millrace.trainer.model.DeepSeekModel;
import dev.millrace.trainer.model.ModelConfig;
import dev.millrace.trainer.model.ParameterSpec;
import java.util.Arrays;
import java.util.stream.Collectors;

/// A model and the batch that it is trained on.
///
/// The shapes with experts have 64 routed ones, of which 6 see a token, and 2 shared, each an eighth as wide as
/// the dense feed-forward: a token meets as many weights there as in the dense model. Their attention is latent
/// (V2), with ranks that give it the size of the dense model's.
enum BenchShape {
    DENSE_256X6("dense-256x6", 8, 512, """
            {"model_type": "llama", "hidden_size": 256, "num_hidden_layers": 6, "num_attention_heads": 4,
             "intermediate_size": 1024, "vocab_size": 8192, "max_position_embeddings": 512}"""),
    DENSE_768X12("dense-768x12", 8, 512, """
            {"model_type": "llama", "hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12,
             "intermediate_size": 2048, "vocab_size": 8192, "max_position_embeddings": 512}"""),
    MOE_768X12("moe-768x12", 8, 512, """
            {"model_type": "deepseek_v2", "hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12,
             "kv_lora_rank": 384, "qk_nope_head_dim": 64, "qk_rope_head_dim": 32, "v_head_dim": 64,
             "n_routed_experts": 64, "num_experts_per_tok": 6, "n_shared_experts": 2, "moe_intermediate_size": 256,
             "first_k_dense_replace": 0, "intermediate_size": 2048, "vocab_size": 8192,
             "max_position_embeddings": 512}"""),
    /// For the course of memory: few layers of many tensors.
    MOE_768X2("moe-768x2", 1, 512, """
            {"model_type": "deepseek_v2", "hidden_size": 768, "num_hidden_layers": 2, "num_attention_heads": 12,
             "kv_lora_rank": 384, "qk_nope_head_dim": 64, "qk_rope_head_dim": 32, "v_head_dim": 64,
             "n_routed_experts": 64, "num_experts_per_tok": 6, "n_shared_experts": 2, "moe_intermediate_size": 256,
             "first_k_dense_replace": 0, "intermediate_size": 2048, "vocab_size": 8192,
             "max_position_embeddings": 512}"""),
    /// Small enough for a test.
    DENSE_TINY("dense-tiny", 2, 32, """
            {"model_type": "llama", "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
             "intermediate_size": 64, "vocab_size": 96, "max_position_embeddings": 32}"""),
    /// Small enough for a test.
    MOE_TINY("moe-tiny", 2, 32, """
            {"model_type": "deepseek_v2", "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
             "kv_lora_rank": 16, "qk_nope_head_dim": 8, "qk_rope_head_dim": 4, "v_head_dim": 8,
             "n_routed_experts": 8, "num_experts_per_tok": 2, "n_shared_experts": 1, "moe_intermediate_size": 16,
             "first_k_dense_replace": 0, "intermediate_size": 64, "vocab_size": 96, "max_position_embeddings": 32}""");

    private final String label;
    private final int rows;
    private final int columns;
    private final String json;

    BenchShape(String label, int rows, int columns, String json) {
        this.label = label;
        this.rows = rows;
        this.columns = columns;
        this.json = json;
    }

    static BenchShape of(String label) {
        return Arrays.stream(values())
                .filter(shape -> shape.label.equals(label))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("There is no shape " + label + ", there are "
                        + Arrays.stream(values()).map(BenchShape::label).collect(Collectors.joining(", "))));
    }

    String label() {
        return label;
    }

    int rows() {
        return rows;
    }

    int columns() {
        return columns;
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
}
