package dev.millrace.trainer.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/// Turns the keys of one `config.json` into a [ModelConfig], with the hub's defaults (but DeepSeek's 0.006 where
/// `initializer_range` is absent). Refuses what would be another model, and keys that it does not know.
final class ConfigReader {
    private static final List<String> MODEL_TYPES = List.of("llama", "deepseek_v2", "deepseek_v3");

    /// Keys that change nothing in the mathematics of training: names, token ids, caches, parallelism, loading.
    /// DeepSeek's balance losses are settings of the training, not of the model, as Hugging Face has it.
    private static final Set<String> MEANINGLESS = Set.of(
            "_name_or_path",
            "auto_map",
            "aux_loss_alpha",
            "bos_token_id",
            "dtype",
            "eos_token_id",
            "ep_size",
            "id2label",
            "label2id",
            "model_type",
            "output_attentions",
            "output_hidden_states",
            "output_router_logits",
            "pad_token_id",
            "pretraining_tp",
            "return_dict",
            "router_aux_loss_coef",
            "seq_aux",
            "torch_dtype",
            "torchscript",
            "transformers_version",
            "unk_token_id",
            "use_cache");

    private final ConfigKeys keys;
    private final ObjectNode json;
    private final String source;

    ConfigReader(ObjectNode json, String source) {
        this.json = json;
        this.source = source;
        this.keys = new ConfigKeys(json, source);
    }

    ModelConfig read() {
        String modelType = modelType();
        requireArchitecture(ModelConfig.architecture(modelType));
        refuseOtherMathematics();
        try {
            int maxPositions = keys.integer("max_position_embeddings", 2048);
            RopeReader rope = new RopeReader(keys);
            boolean latent = !modelType.equals("llama");
            ModelConfig config = new ModelConfig(
                    modelType,
                    keys.integer("vocab_size"),
                    keys.integer("hidden_size"),
                    keys.integer("intermediate_size"),
                    keys.integer("num_hidden_layers"),
                    latent ? latentAttention(modelType) : groupedAttention(),
                    latent ? experts(modelType) : Optional.empty(),
                    modelType.equals("deepseek_v3") ? keys.integer("num_nextn_predict_layers", 0) : 0,
                    maxPositions,
                    keys.number("rms_norm_eps", 1e-6),
                    rope.theta(),
                    rope.scaling(maxPositions),
                    keys.bool("tie_word_embeddings", false),
                    keys.number("initializer_range", 0.006),
                    json);
            keys.requireAllRead(modelType, MEANINGLESS);
            return config;
        } catch (UnsupportedModelException e) {
            throw e;
        } catch (IllegalArgumentException e) {
            throw new UnsupportedModelException(source + ": " + e.getMessage());
        }
    }

    private String modelType() {
        if (!keys.has("model_type")) {
            throw keys.refuse("model_type", "is missing", "set it to one of " + String.join(", ", MODEL_TYPES));
        }
        return keys.word("model_type", "", MODEL_TYPES);
    }

    private void requireArchitecture(String ours) {
        if (keys.has("architectures")) {
            JsonNode given = keys.node("architectures");
            if (!given.isArray() || given.size() != 1 || !given.get(0).asText().equals(ours)) {
                throw keys.refuse("architectures", "is " + given, "of this model_type it must be [\"" + ours + "\"]");
            }
        }
    }

    private void refuseOtherMathematics() {
        for (String key : List.of("attention_bias", "mlp_bias")) {
            if (keys.bool(key, false)) {
                throw keys.refuse(key, "is true", "DeepSeek models have no biases: set it to false");
            }
        }
        if (keys.number("attention_dropout", 0) != 0) {
            throw keys.refuse(
                    "attention_dropout", "is " + keys.node("attention_dropout"), "dropout is unsupported: set 0");
        }
        if (keys.number("partial_rotary_factor", 1) != 1) {
            throw keys.refuse(
                    "partial_rotary_factor", "is " + keys.node("partial_rotary_factor"), "only 1 is supported");
        }
        for (String key : List.of("sliding_window", "quantization_config")) {
            if (keys.has(key)) {
                throw keys.refuse(key, "is " + keys.node(key), "unsupported: remove it, or use a model without it");
            }
        }
        keys.word("hidden_act", "silu", List.of("silu"));
    }

    private AttentionShape groupedAttention() {
        int hiddenSize = keys.integer("hidden_size");
        int heads = keys.integer("num_attention_heads");
        int headDim = keys.integer("head_dim", 0);
        if (!keys.has("head_dim")) {
            if (heads < 1 || hiddenSize % heads != 0) {
                throw keys.refuse(
                        "hidden_size",
                        "is " + hiddenSize,
                        "without head_dim it must be a multiple of num_attention_heads, which is " + heads);
            }
            headDim = hiddenSize / heads;
        }
        return new AttentionShape.Grouped(heads, keys.integer("num_key_value_heads", heads), headDim);
    }

    private AttentionShape latentAttention(String modelType) {
        int heads = keys.integer("num_attention_heads");
        if (keys.integer("num_key_value_heads", heads) != heads) {
            throw keys.refuse(
                    "num_key_value_heads",
                    "is " + keys.node("num_key_value_heads"),
                    "latent attention has as many as num_attention_heads, which is " + heads);
        }
        AttentionShape.Latent shape = new AttentionShape.Latent(
                heads,
                keys.has("q_lora_rank") ? OptionalInt.of(keys.integer("q_lora_rank")) : OptionalInt.empty(),
                keys.integer("kv_lora_rank"),
                keys.integer("qk_nope_head_dim"),
                keys.integer("qk_rope_head_dim"),
                keys.integer("v_head_dim"),
                modelType.equals("deepseek_v2") || keys.bool("rope_interleave", true));
        // Newer files repeat what follows from the others.
        requireIfPresent("qk_head_dim", shape.headDim());
        if (keys.has("head_dim")) {
            int headDim = keys.integer("head_dim");
            if (headDim != shape.rotaryDim() && headDim != shape.headDim()) {
                throw keys.refuse("head_dim", "is " + headDim, "it must be qk_rope_head_dim: " + shape.rotaryDim());
            }
        }
        return shape;
    }

    private void requireIfPresent(String key, int value) {
        if (keys.integer(key, value) != value) {
            throw keys.refuse(key, "is " + keys.node(key), "it must be " + value);
        }
    }

    private Optional<ExpertShape> experts(String modelType) {
        boolean sigmoid = modelType.equals("deepseek_v3");
        int groups = sigmoid ? keys.integer("n_group") : keys.integer("n_group", 1);
        int groupsPerToken = sigmoid ? keys.integer("topk_group") : keys.integer("topk_group", 1);
        String method = keys.word(
                "topk_method",
                sigmoid ? "noaux_tc" : "greedy",
                sigmoid ? List.of("noaux_tc") : List.of("greedy", "group_limited_greedy"));
        keys.word("scoring_func", sigmoid ? "sigmoid" : "softmax", List.of(sigmoid ? "sigmoid" : "softmax"));
        boolean normalized = keys.bool("norm_topk_prob", sigmoid);
        if (!sigmoid && normalized) {
            throw keys.refuse(
                    "norm_topk_prob", "is true", "DeepSeek-V2 is trained without: Hugging Face ignores it; set false");
        }
        if (method.equals("greedy")) {
            groups = 1;
            groupsPerToken = 1;
        }
        if (!keys.has("n_routed_experts")) {
            return Optional.empty();
        }
        return Optional.of(new ExpertShape(
                keys.integer("n_routed_experts"),
                keys.integer("num_experts_per_tok"),
                keys.integer("n_shared_experts", 0),
                keys.integer("moe_intermediate_size"),
                keys.integer("first_k_dense_replace", 0),
                keys.integer("moe_layer_freq", 1),
                sigmoid ? ExpertShape.Scoring.SIGMOID : ExpertShape.Scoring.SOFTMAX,
                groups,
                groupsPerToken,
                normalized,
                keys.number("routed_scaling_factor", 1)));
    }
}
