package dev.millrace.trainer.weights;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.trainer.learn.TorchEngine;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@SuppressWarnings("NullAway.Init") // JUnit fills the fields
class ShardedWriterTest {
    @TempDir
    Path directory;

    private NDManager owner;

    @BeforeAll
    static void startTheEngine() {
        TorchEngine.start(1);
    }

    @BeforeEach
    void open() {
        owner = NDManager.newBaseManager(Device.cpu(), "PyTorch");
    }

    @AfterEach
    void close() {
        owner.close();
    }

    @Test
    void readsBackFromShardsWhatItWrote() throws IOException {
        // Given: of these only b and c fit into one shard of 20 bytes; a is longer than any
        SequencedMap<String, NDArray> tensors = new LinkedHashMap<>();
        tensors.put("d", owner.create(new float[] {9, 10, 11}));
        tensors.put("a", owner.create(new float[] {1, 2, 3, 4, 5, 6}, new Shape(2, 3)));
        tensors.put("b", owner.create(new float[] {7}));
        tensors.put("c", owner.create(new float[] {8, -0f, 1e-40f}));

        // When
        ShardedWriter.write(directory, tensors, FloatFormat.FP32, 20);

        // Then
        JsonNode index = new ObjectMapper()
                .readTree(directory.resolve("model.safetensors.index.json").toFile());
        assertThat(index.path("metadata").path("total_size").longValue()).isEqualTo(13 * 4);
        assertThat(index.path("weight_map").toString())
                .isEqualTo("{\"a\":\"model-00001-of-00003.safetensors\",\"b\":\"model-00002-of-00003.safetensors\","
                        + "\"c\":\"model-00002-of-00003.safetensors\",\"d\":\"model-00003-of-00003.safetensors\"}");
        read(tensors)
                .forEach((name, tensor) -> assertThat(tensor.toFloatArray())
                        .as(name)
                        .isEqualTo(Objects.requireNonNull(tensors.get(name)).toFloatArray()));
    }

    @Test
    void writesOneFileWhereThatIsLongEnough() throws IOException {
        ShardedWriter.write(directory, Map.of("a", owner.create(new float[] {1})), FloatFormat.FP32);

        assertThat(directory.toFile().list()).containsExactly("model.safetensors");
    }

    /// Halves go to the even one; the largest numbers round to infinity, as in libtorch.
    @ParameterizedTest
    @CsvSource({
        "1, 1",
        "-2.5, -2.5",
        "1.00390625, 1",
        "1.01171875, 1.015625",
        "1.00390636920929, 1.0078125",
        "-0.0, -0.0",
        "3.4028235e38, Infinity",
        "-Infinity, -Infinity",
        "NaN, NaN"
    })
    void roundsToTheNearestBfloat16(float value, float rounded) throws IOException {
        Map<String, NDArray> tensors = Map.of("a", owner.create(new float[] {value}));

        ShardedWriter.write(directory, tensors, FloatFormat.BF16);

        try (SafetensorsFile file = SafetensorsFile.open(directory.resolve("model.safetensors"))) {
            assertThat(file.floats("a")).containsExactly(rounded);
        }
        assertThat(directory.resolve("model.safetensors"))
                .content(StandardCharsets.ISO_8859_1)
                .contains("\"dtype\":\"BF16\"");
    }

    private Map<String, NDArray> read(Map<String, NDArray> tensors) throws IOException {
        SequencedMap<String, Shape> wanted = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> wanted.put(name, tensor.getShape()));
        try (WeightFiles files = WeightFiles.open(directory)) {
            return files.read(wanted, _ -> false, owner);
        }
    }
}
