package dev.millrace.trainer.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Set;

/// Turns the keys of one `config.json` into a [ModelConfig], with the hub's defaults (but DeepSeek's 0.006 where
/// `initializer_range` is absent). Refuses what would be another model: a key that is ignored though it changes the
/// mathematics is a wrong model that nobody notices.
final class ConfigReader {
    /// Keys of other architectures. In a Llama configuration they contradict `model_type`.
    private static final Set<String> FOREIGN = Set.of(
            "kv_lora_rank", "q_lora_rank", "qk_rope_head_dim", "n_routed_experts", "num_experts", "num_local_experts");

    private static final Set<String> KNOWN_BUT_LATER = Set.of("deepseek_v2", "deepseek_v3");

    private final ObjectNode json;
    private final String source;

    ConfigReader(ObjectNode json, String source) {
        this.json = json;
        this.source = source;
    }

    ModelConfig read() {
        String modelType = modelType();
        refuseOtherMathematics();
        int hiddenSize = integer("hidden_size");
        int heads = integer("num_attention_heads");
        JsonNode rope = ropeParameters();
        try {
            return new ModelConfig(
                    modelType,
                    integer("vocab_size"),
                    hiddenSize,
                    integer("intermediate_size"),
                    integer("num_hidden_layers"),
                    heads,
                    integer("num_key_value_heads", heads),
                    headDim(hiddenSize, heads),
                    integer("max_position_embeddings", 2048),
                    number(json, "rms_norm_eps", 1e-6),
                    number(rope.has("rope_theta") ? rope : json, "rope_theta", 10_000),
                    ropeScaling(rope),
                    bool("tie_word_embeddings", false),
                    number(json, "initializer_range", 0.006),
                    json);
        } catch (UnsupportedModelException e) {
            throw e;
        } catch (IllegalArgumentException e) {
            throw new UnsupportedModelException(source + ": " + e.getMessage());
        }
    }

    private String modelType() {
        JsonNode type = json.path("model_type");
        if (type.isMissingNode()) {
            throw refuse("model_type", "is missing", "set it to llama");
        }
        if (KNOWN_BUT_LATER.contains(type.asText())) {
            throw refuse("model_type", "is " + type, "this version trains llama (DeepSeek-LLM) only");
        }
        if (!type.asText().equals("llama")) {
            throw refuse("model_type", "is " + type, "Millrace trains DeepSeek models: use llama (DeepSeek-LLM)");
        }
        return type.asText();
    }

    private void refuseOtherMathematics() {
        for (String key : FOREIGN) {
            if (json.hasNonNull(key)) {
                throw refuse(key, "is " + json.get(key), "a llama model has no such part: remove it");
            }
        }
        for (String key : List.of("attention_bias", "mlp_bias")) {
            if (bool(key, false)) {
                throw refuse(key, "is true", "DeepSeek models have no biases: set it to false");
            }
        }
        if (number(json, "attention_dropout", 0) != 0) {
            throw refuse("attention_dropout", "is " + json.get("attention_dropout"), "dropout is unsupported: set 0");
        }
        if (number(json, "partial_rotary_factor", 1) != 1) {
            throw refuse("partial_rotary_factor", "is " + json.get("partial_rotary_factor"), "only 1 is supported");
        }
        for (String key : List.of("sliding_window", "quantization_config")) {
            if (json.hasNonNull(key)) {
                throw refuse(key, "is " + json.get(key), "unsupported: remove it, or use a model without it");
            }
        }
        JsonNode activation = json.path("hidden_act");
        if (!activation.isMissingNode() && !activation.asText().equals("silu")) {
            throw refuse("hidden_act", "is " + activation, "only silu is supported");
        }
    }

    private int headDim(int hiddenSize, int heads) {
        if (json.hasNonNull("head_dim")) {
            return integer("head_dim");
        }
        if (heads < 1 || hiddenSize % heads != 0) {
            throw refuse(
                    "hidden_size",
                    "is " + hiddenSize,
                    "without head_dim it must be a multiple of num_attention_heads, which is " + heads);
        }
        return hiddenSize / heads;
    }

    /// `rope_scaling`, or `rope_parameters` as newer files call it, which holds `rope_theta` as well; empty if
    /// neither.
    private JsonNode ropeParameters() {
        JsonNode scaling = json.path("rope_scaling");
        JsonNode parameters = json.path("rope_parameters");
        if (!absent(scaling) && !absent(parameters) && !scaling.equals(parameters)) {
            throw refuse("rope_scaling", "differs from rope_parameters", "keep one of them");
        }
        JsonNode rope = absent(parameters) ? scaling : parameters;
        if (absent(rope)) {
            return json.objectNode();
        }
        if (!rope.isObject()) {
            throw refuse("rope_scaling", "is " + rope, "it must be null or an object with type and factor");
        }
        if (rope.has("rope_theta")
                && json.hasNonNull("rope_theta")
                && number(rope, "rope_theta", 0) != number(json, "rope_theta", 0)) {
            throw refuse("rope_theta", "differs from the one in rope_parameters", "make them equal");
        }
        return rope;
    }

    private RopeScaling ropeScaling(JsonNode rope) {
        String type = rope.path("rope_type").asText(rope.path("type").asText("default"));
        if (rope.has("rope_type") && rope.has("type") && !rope.get("type").equals(rope.get("rope_type"))) {
            throw refuse(
                    "rope_scaling",
                    "has type " + rope.get("type") + " and rope_type " + rope.get("rope_type"),
                    "keep one of them");
        }
        return switch (type) {
            case "default" -> new RopeScaling.None();
            case "linear" -> {
                if (!rope.has("factor")) {
                    throw refuse("rope_scaling", "is linear without a factor", "add factor");
                }
                yield new RopeScaling.Linear(number(rope, "factor", 1));
            }
            default -> throw refuse("rope_scaling", "has type " + type, "supported are none and linear");
        };
    }

    private int integer(String key) {
        if (!json.hasNonNull(key)) {
            throw refuse(key, "is missing", "add it");
        }
        return integer(key, 0);
    }

    private int integer(String key, int fallback) {
        if (!json.hasNonNull(key)) {
            return fallback;
        }
        JsonNode value = json.get(key);
        if (!value.isIntegralNumber() || !value.canConvertToInt()) {
            throw refuse(key, "is " + value, "it must be a whole number");
        }
        return value.intValue();
    }

    private double number(JsonNode object, String key, double fallback) {
        if (!object.hasNonNull(key)) {
            return fallback;
        }
        if (!object.get(key).isNumber()) {
            throw refuse(key, "is " + object.get(key), "it must be a number");
        }
        return object.get(key).doubleValue();
    }

    private boolean bool(String key, boolean fallback) {
        if (!json.hasNonNull(key)) {
            return fallback;
        }
        if (!json.get(key).isBoolean()) {
            throw refuse(key, "is " + json.get(key), "it must be true or false");
        }
        return json.get(key).booleanValue();
    }

    private static boolean absent(JsonNode node) {
        return node.isMissingNode() || node.isNull();
    }

    private UnsupportedModelException refuse(String key, String state, String whatToDo) {
        return new UnsupportedModelException(source + ": " + key + " " + state + "; " + whatToDo);
    }
}
