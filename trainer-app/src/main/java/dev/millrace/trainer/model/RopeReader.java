package dev.millrace.trainer.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;

/// Reads `rope_theta` and `rope_scaling`, or `rope_parameters` as newer files call it, which holds `rope_theta` as
/// well.
final class RopeReader {
    private final ConfigKeys config;
    private final ConfigKeys rope;

    RopeReader(ConfigKeys config) {
        this.config = config;
        JsonNode scaling = config.node("rope_scaling");
        JsonNode parameters = config.node("rope_parameters");
        if (!absent(scaling) && !absent(parameters) && !scaling.equals(parameters)) {
            throw config.refuse("rope_scaling", "differs from rope_parameters", "keep one of them");
        }
        JsonNode given = absent(parameters) ? scaling : parameters;
        if (!absent(given) && !given.isObject()) {
            throw config.refuse("rope_scaling", "is " + given, "it must be null or an object with type and factor");
        }
        rope = config.within("rope_scaling", given instanceof ObjectNode object ? object : empty());
    }

    double theta() {
        double outside = config.number("rope_theta", 10_000);
        double inside = rope.number("rope_theta", outside);
        if (config.has("rope_theta") && inside != outside) {
            throw config.refuse("rope_theta", "differs from the one in rope_parameters", "make them equal");
        }
        return inside;
    }

    /// @param maxPositions `max_position_embeddings`, the original length where none is given
    RopeScaling scaling(int maxPositions) {
        if (rope.has("rope_type") && rope.has("type") && !rope.node("type").equals(rope.node("rope_type"))) {
            throw config.refuse(
                    "rope_scaling",
                    "has type " + rope.node("type") + " and rope_type " + rope.node("rope_type"),
                    "keep one of them");
        }
        String type = rope.has("rope_type")
                ? rope.node("rope_type").asText()
                : rope.node("type").asText("default");
        RopeScaling scaling = switch (type) {
            case "default" -> new RopeScaling.None();
            case "linear" -> new RopeScaling.Linear(factor(type));
            case "yarn" ->
                new RopeScaling.Yarn(
                        factor(type),
                        rope.integer("original_max_position_embeddings", maxPositions),
                        rope.number("beta_fast", 32),
                        rope.number("beta_slow", 1),
                        rope.number("mscale", 0),
                        rope.number("mscale_all_dim", 0),
                        rope.has("attention_factor")
                                ? OptionalDouble.of(rope.number("attention_factor"))
                                : OptionalDouble.empty());
            default ->
                throw config.refuse(
                        "rope_scaling",
                        "has type " + type,
                        "supported are " + String.join(", ", List.of("default", "linear", "yarn")));
        };
        rope.has("rope_theta");
        rope.requireAllRead("type " + type, Set.of());
        return scaling;
    }

    private double factor(String type) {
        if (!rope.has("factor")) {
            throw config.refuse("rope_scaling", "is " + type + " without a factor", "add factor");
        }
        return rope.number("factor");
    }

    private static ObjectNode empty() {
        return JsonNodeFactory.instance.objectNode();
    }

    private static boolean absent(JsonNode node) {
        return node.isMissingNode() || node.isNull();
    }
}
