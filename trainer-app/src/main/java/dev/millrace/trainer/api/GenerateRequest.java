package dev.millrace.trainer.api;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.trainer.generate.Sampling;
import java.io.IOException;
import java.util.Iterator;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;

/// What is to be continued, and how: `prompt`, and if you like `max_tokens` (128), `temperature` (1), `top_p` (1),
/// `seed` (any), `stream`.
///
/// @param stream whether it is wanted piece by piece, where that is said
record GenerateRequest(String prompt, Sampling sampling, Optional<Boolean> stream) {
    /// More is no prompt of so few tokens as are allowed, and would keep the tokenizer busy.
    private static final int MOST_CHARACTERS = 1 << 16;

    private static final int USUAL_TOKENS = 128;
    private static final double HIGHEST_TEMPERATURE = 100;
    static final Set<String> KEYS = Set.of("prompt", "max_tokens", "temperature", "top_p", "seed", "stream");
    private static final ObjectMapper JSON = new ObjectMapper()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(com.fasterxml.jackson.core.JsonParser.Feature.STRICT_DUPLICATE_DETECTION);

    /// @throws IllegalArgumentException saying which member is wrong, and what it may be
    static GenerateRequest parse(byte[] body) {
        JsonNode json = read(body);
        for (Iterator<String> names = json.fieldNames(); names.hasNext(); ) {
            String name = names.next();
            require(KEYS.contains(name), "there is no member '" + name + "', there are " + KEYS);
        }
        JsonNode prompt = json.path("prompt");
        require(prompt.isTextual(), "prompt must be there, a string");
        require(
                prompt.textValue().length() <= MOST_CHARACTERS,
                "prompt has " + prompt.textValue().length() + " characters, at most " + MOST_CHARACTERS + " may be");
        JsonNode maxTokens = json.path("max_tokens");
        require(
                maxTokens.isMissingNode()
                        || (maxTokens.canConvertToInt() && maxTokens.isIntegralNumber() && maxTokens.intValue() >= 1),
                "max_tokens must be a whole number of at least 1");
        double temperature = number(json, "temperature");
        require(
                temperature >= 0 && temperature <= HIGHEST_TEMPERATURE,
                "temperature must be from 0 to " + HIGHEST_TEMPERATURE);
        double topP = number(json, "top_p");
        require(topP > 0 && topP <= 1, "top_p must be above 0 and at most 1");
        JsonNode seed = json.path("seed");
        require(
                seed.isMissingNode() || (seed.isIntegralNumber() && seed.canConvertToLong()),
                "seed must be a whole number of 64 bits");
        JsonNode stream = json.path("stream");
        require(stream.isMissingNode() || stream.isBoolean(), "stream must be true or false");
        return new GenerateRequest(
                prompt.textValue(),
                new Sampling(
                        temperature,
                        topP,
                        seed.isMissingNode() ? ThreadLocalRandom.current().nextLong() : seed.longValue(),
                        maxTokens.isMissingNode() ? USUAL_TOKENS : maxTokens.intValue(),
                        OptionalInt.empty()),
                stream.isMissingNode() ? Optional.empty() : Optional.of(stream.booleanValue()));
    }

    private static JsonNode read(byte[] body) {
        try {
            JsonNode json = JSON.readTree(body);
            require(json != null && json.isObject(), "the body must be a JSON object");
            return json;
        } catch (JacksonException e) {
            throw new IllegalArgumentException("the body is not JSON: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new IllegalStateException("an array has no errors of input", e);
        }
    }

    private static double number(JsonNode json, String key) {
        JsonNode value = json.path(key);
        require(value.isMissingNode() || value.isNumber(), key + " must be a number");
        return value.asDouble(1);
    }

    private static void require(boolean holds, String rule) {
        if (!holds) {
            throw new IllegalArgumentException(rule);
        }
    }
}
