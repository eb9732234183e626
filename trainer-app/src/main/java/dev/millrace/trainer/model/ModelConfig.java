package dev.millrace.trainer.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// The shape of a model, as a Hugging Face `config.json` gives it. The key of each value stands beside it.
///
/// @param modelType `model_type`: `llama` (DeepSeek-LLM, DeepSeek Coder), `deepseek_v2` or `deepseek_v3`
/// @param vocabSize `vocab_size`
/// @param hiddenSize `hidden_size`
/// @param intermediateSize `intermediate_size`, of a dense feed-forward
/// @param layers `num_hidden_layers`
/// @param attention of every layer
/// @param experts of the layers that have them
/// @param predictionLayers `num_nextn_predict_layers`, for multi-token prediction
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
        AttentionShape attention,
        Optional<ExpertShape> experts,
        int predictionLayers,
        int maxPositions,
        double rmsNormEps,
        double ropeTheta,
        RopeScaling ropeScaling,
        boolean tiedEmbeddings,
        double initializerRange,
        ObjectNode json) {

    /// A key that is there twice is contradictory, whichever of them would win.
    private static final ObjectMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    public ModelConfig {
        Positive.require("vocab_size", vocabSize);
        Positive.require("hidden_size", hiddenSize);
        Positive.require("intermediate_size", intermediateSize);
        Positive.require("num_hidden_layers", layers);
        Positive.require("max_position_embeddings", maxPositions);
        Positive.require("rms_norm_eps", rmsNormEps);
        if (!(ropeTheta > 1)) {
            throw new IllegalArgumentException("rope_theta is " + ropeTheta + ", it must be above 1");
        }
        Positive.require("initializer_range", initializerRange);
        if (predictionLayers < 0 || predictionLayers > 1) {
            throw new IllegalArgumentException("num_nextn_predict_layers is " + predictionLayers
                    + ": DeepSeek's models predict one token further, or none; set 1 or 0");
        }
    }

    /// The same without the keys that have no meaning for the mathematics: equal for equal models.
    public ModelConfig mathematics() {
        return new ModelConfig(
                modelType,
                vocabSize,
                hiddenSize,
                intermediateSize,
                layers,
                attention,
                experts,
                predictionLayers,
                maxPositions,
                rmsNormEps,
                ropeTheta,
                ropeScaling,
                tiedEmbeddings,
                initializerRange,
                JsonNodeFactory.instance.objectNode());
    }

    /// What `architectures` calls the model.
    public String architecture() {
        return architecture(modelType);
    }

    static String architecture(String modelType) {
        return switch (modelType) {
            case "deepseek_v2" -> "DeepseekV2ForCausalLM";
            case "deepseek_v3" -> "DeepseekV3ForCausalLM";
            default -> "LlamaForCausalLM";
        };
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
}
