package dev.millrace.trainer.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/// The keys of one JSON object of a `config.json`, typed, and remembered as they are read, so that a key that
/// nobody has read can be refused: ignored, it would be a wrong model that nobody notices.
final class ConfigKeys {
    private final ObjectNode json;
    private final String source;
    private final Set<String> read = new HashSet<>();

    /// @param source what messages call the object: a file name, perhaps with the key that leads to it
    ConfigKeys(ObjectNode json, String source) {
        this.json = json;
        this.source = source;
    }

    /// The keys of an object within this one.
    ConfigKeys within(String key, ObjectNode object) {
        return new ConfigKeys(object, source + ": " + key);
    }

    /// Whether the key is there and not null.
    boolean has(String key) {
        read.add(key);
        return json.hasNonNull(key);
    }

    JsonNode node(String key) {
        read.add(key);
        return json.path(key);
    }

    int integer(String key) {
        require(key);
        return integer(key, 0);
    }

    int integer(String key, int fallback) {
        if (!has(key)) {
            return fallback;
        }
        JsonNode value = json.get(key);
        if (!value.isIntegralNumber() || !value.canConvertToInt()) {
            throw refuse(key, "is " + value, "it must be a whole number");
        }
        return value.intValue();
    }

    double number(String key) {
        require(key);
        return number(key, 0);
    }

    double number(String key, double fallback) {
        if (!has(key)) {
            return fallback;
        }
        // A number of JSON may be too large for a double, which then has it as infinity.
        if (!json.get(key).isNumber() || Double.isInfinite(json.get(key).doubleValue())) {
            throw refuse(key, "is " + json.get(key), "it must be a number");
        }
        return json.get(key).doubleValue();
    }

    boolean bool(String key, boolean fallback) {
        if (!has(key)) {
            return fallback;
        }
        if (!json.get(key).isBoolean()) {
            throw refuse(key, "is " + json.get(key), "it must be true or false");
        }
        return json.get(key).booleanValue();
    }

    /// One of some words.
    String word(String key, String fallback, List<String> allowed) {
        String value = has(key) ? json.get(key).asText() : fallback;
        if (!allowed.contains(value)) {
            throw refuse(key, "is " + json.get(key), "supported: " + String.join(", ", allowed));
        }
        return value;
    }

    /// Refuses what is present but was not read.
    ///
    /// @param what the keys describe, for the message
    /// @param meaningless keys that do not change the mathematics
    void requireAllRead(String what, Set<String> meaningless) {
        Set<String> unknown = new TreeSet<>();
        json.fieldNames().forEachRemaining(key -> {
            if (json.hasNonNull(key)) {
                unknown.add(key);
            }
        });
        unknown.removeAll(read);
        unknown.removeAll(meaningless);
        if (!unknown.isEmpty()) {
            throw refuse(
                    String.join(", ", unknown),
                    "is unknown for " + what,
                    "remove it, if the model does not depend on it");
        }
    }

    UnsupportedModelException refuse(String key, String state, String whatToDo) {
        return new UnsupportedModelException(source + ": " + key + " " + state + "; " + whatToDo);
    }

    private void require(String key) {
        if (!has(key)) {
            throw refuse(key, "is missing", "add it");
        }
    }
}
