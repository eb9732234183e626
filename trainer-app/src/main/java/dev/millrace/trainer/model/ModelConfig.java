package dev.millrace.trainer.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// The shape of a model, as a Hugging Face `config.json` gives it. The key of each value stands beside it.
///
/// @param modelType `model_type`; `llama`, which is DeepSeek-LLM and DeepSeek Coder
/// @param vocabSize `vocab_size`
/// @param hiddenSize `hidden_size`
/// @param intermediateSize `intermediate_size`, of the feed-forward
/// @param layers `num_hidden_layers`
/// @param attentionHeads `num_attention_heads`
/// @param keyValueHeads `num_key_value_heads`, by default `num_attention_heads`
/// @param headDim `head_dim`, by default `hidden_size / num_attention_heads`
/// @param maxPositions `max_position_embeddings`, the longest row that may be given to the model
/// @param rmsNormEps `rms_norm_eps`
/// @param ropeTheta `rope_theta`
/// @param ropeScaling `rope_scaling`
/// @param tiedEmbeddings `tie_word_embeddings`: the head is the embedding
/// @param initializerRange `initializer_range`, the standard deviation of first weights
/// @param json the whole file as it was read, keys without meaning for the mathematics included; not to be changed
public record ModelConfig(
        String modelType,
        int vocabSize,
        int hiddenSize,
        int intermediateSize,
        int layers,
        int attentionHeads,
        int keyValueHeads,
        int headDim,
        int maxPositions,
        double rmsNormEps,
        double ropeTheta,
        RopeScaling ropeScaling,
        boolean tiedEmbeddings,
        double initializerRange,
        ObjectNode json) {

    private static final ObjectMapper JSON = new ObjectMapper();

    public ModelConfig {
        if (!modelType.equals("llama")) {
            throw new IllegalArgumentException("model_type is " + modelType + ", it must be llama");
        }
        atLeastOne("vocab_size", vocabSize);
        atLeastOne("hidden_size", hiddenSize);
        atLeastOne("intermediate_size", intermediateSize);
        atLeastOne("num_hidden_layers", layers);
        atLeastOne("num_attention_heads", attentionHeads);
        atLeastOne("num_key_value_heads", keyValueHeads);
        atLeastOne("head_dim", headDim);
        atLeastOne("max_position_embeddings", maxPositions);
        positive("rms_norm_eps", rmsNormEps);
        positive("rope_theta", ropeTheta);
        positive("initializer_range", initializerRange);
        if (attentionHeads % keyValueHeads != 0) {
            throw new IllegalArgumentException("num_attention_heads is " + attentionHeads
                    + ", it must be a multiple of num_key_value_heads, which is " + keyValueHeads);
        }
        if (headDim % 2 != 0) {
            throw new IllegalArgumentException(
                    "head_dim is " + headDim + ", it must be even: rotary embedding turns pairs of channels");
        }
    }

    /// Reads `config.json`, or the file of that name in a directory.
    ///
    /// @throws UnsupportedModelException if it describes a model that Millrace does not have or that cannot be
    /// @throws IOException if it cannot be read
    public static ModelConfig read(Path fileOrDirectory) throws IOException {
        Path file = Files.isDirectory(fileOrDirectory) ? fileOrDirectory.resolve("config.json") : fileOrDirectory;
        return parse(Files.readString(file), file.toString());
    }

    /// Reads a configuration from its text.
    ///
    /// @param source what messages call the text: a file name
    /// @throws UnsupportedModelException as [#read] does
    public static ModelConfig parse(String text, String source) {
        JsonNode node;
        try {
            node = JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new UnsupportedModelException(source + " is not JSON: " + e.getOriginalMessage());
        }
        if (!(node instanceof ObjectNode object)) {
            throw new UnsupportedModelException(source + " is not a JSON object: give a Hugging Face config.json");
        }
        return new ConfigReader(object, source).read();
    }

    private static void atLeastOne(String key, int value) {
        if (value < 1) {
            throw new IllegalArgumentException(key + " is " + value + ", it must be at least 1");
        }
    }

    private static void positive(String key, double value) {
        if (!(value > 0) || Double.isInfinite(value)) {
            throw new IllegalArgumentException(key + " is " + value + ", it must be a positive number");
        }
    }
}
