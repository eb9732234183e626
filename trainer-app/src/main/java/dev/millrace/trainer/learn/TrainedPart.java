package dev.millrace.trainer.learn;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.trainer.model.AdapterShape;
import dev.millrace.trainer.model.DeepSeekModel;
import dev.millrace.trainer.model.ModelConfig;
import dev.millrace.trainer.model.ParameterSpec;
import dev.millrace.trainer.weights.FloatFormat;
import dev.millrace.trainer.weights.SafetensorsWriter;
import dev.millrace.trainer.weights.ShardedWriter;
import dev.millrace.trainer.weights.WeightFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/// What of a model a learner changes, and how that lies in a checkpoint.
sealed interface TrainedPart {
    ModelConfig config();

    /// What a checkpoint holds, by name.
    List<ParameterSpec> parameters();

    /// Those of it that have a gradient and moments.
    default List<ParameterSpec> learned() {
        return parameters().stream().filter(ParameterSpec::learned).toList();
    }

    void write(Path checkpoint, Map<String, NDArray> weights) throws IOException;

    WeightFiles open(Path checkpoint) throws IOException;

    /// Whether a file may hold this tensor although it is none of [#parameters].
    boolean isIgnorable(String name);

    /// Writes the configuration that lies beside the weights, forced to the disk.
    void describe(Path checkpoint) throws IOException;

    /// All of it, in the layout of a Hugging Face model directory.
    record Whole(ModelConfig config) implements TrainedPart {
        @Override
        public List<ParameterSpec> parameters() {
            return DeepSeekModel.parameters(config);
        }

        @Override
        public void write(Path checkpoint, Map<String, NDArray> weights) throws IOException {
            ShardedWriter.write(checkpoint, weights, FloatFormat.FP32);
        }

        @Override
        public WeightFiles open(Path checkpoint) throws IOException {
            return WeightFiles.open(checkpoint);
        }

        @Override
        public boolean isIgnorable(String name) {
            return DeepSeekModel.isDerived(name, config);
        }

        @Override
        public void describe(Path checkpoint) throws IOException {
            describe(checkpoint, FloatFormat.FP32);
        }

        /// Writes weights and configuration for other tools.
        void export(Path directory, Map<String, NDArray> weights, FloatFormat format) throws IOException {
            ShardedWriter.write(directory, weights, format);
            describe(directory, format);
        }

        private void describe(Path directory, FloatFormat format) throws IOException {
            ObjectNode json = config.json().deepCopy();
            json.put("model_type", config.modelType());
            json.putArray("architectures").add(config.architecture());
            json.put("torch_dtype", format.torchName());
            if (json.has("dtype")) {
                json.put("dtype", format.torchName());
            }
            TrainedPart.write(directory.resolve("config.json"), json);
        }
    }

    /// Low-rank adapters of a model that stays as it is, in the layout of PEFT.
    ///
    /// @param base the model's Hugging Face directory
    record Adapter(ModelConfig config, AdapterShape shape, Path base) implements TrainedPart {
        private static final String FILE = "adapter_model.safetensors";

        /// @throws IllegalArgumentException where PEFT could not load them
        public Adapter {
            shape.requireLoadable(config);
        }

        @Override
        public List<ParameterSpec> parameters() {
            return shape.parameters(config);
        }

        @Override
        public void write(Path checkpoint, Map<String, NDArray> weights) throws IOException {
            SafetensorsWriter.write(checkpoint.resolve(FILE), weights, Map.of());
        }

        @Override
        public WeightFiles open(Path checkpoint) throws IOException {
            return WeightFiles.ofFile(checkpoint.resolve(FILE));
        }

        @Override
        public boolean isIgnorable(String name) {
            return false;
        }

        @Override
        public void describe(Path checkpoint) throws IOException {
            ObjectNode json = new ObjectMapper().createObjectNode();
            json.put("peft_type", "LORA");
            json.put("task_type", "CAUSAL_LM");
            json.put("base_model_name_or_path", base.toString());
            json.put("inference_mode", true);
            json.put("r", shape.rank());
            if (shape.alpha() == Math.rint(shape.alpha())) {
                json.put("lora_alpha", (long) shape.alpha());
            } else {
                json.put("lora_alpha", shape.alpha());
            }
            json.put("lora_dropout", 0.0);
            new TreeSet<>(shape.targetModules()).forEach(json.putArray("target_modules")::add);
            shape.excludedModules(config).ifPresent(excluded -> json.put("exclude_modules", excluded));
            json.put("bias", "none");
            json.put("fan_in_fan_out", false);
            json.put("init_lora_weights", true);
            json.put("use_rslora", false);
            json.put("use_dora", false);
            json.putNull("modules_to_save");
            TrainedPart.write(checkpoint.resolve("adapter_config.json"), json);
        }
    }

    private static void write(Path file, ObjectNode json) throws IOException {
        byte[] text = new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsBytes(json);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = ByteBuffer.wrap(text);
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
    }
}
