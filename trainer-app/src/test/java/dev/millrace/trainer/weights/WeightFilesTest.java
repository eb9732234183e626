package dev.millrace.trainer.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.millrace.trainer.learn.TorchEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@SuppressWarnings("NullAway.Init") // JUnit fills the fields
class WeightFilesTest {
    @TempDir
    private Path directory;

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
    void putsShardsTogether() throws IOException {
        // Given
        shard("model-00001-of-00002.safetensors", "a", 1, 2);
        shard("model-00002-of-00002.safetensors", "b", 3);
        index("{'a':'model-00001-of-00002.safetensors','b':'model-00002-of-00002.safetensors'}");

        // When
        Map<String, NDArray> tensors = read(wanted("b", 1, "a", 2));

        // Then
        assertThat(tensors.keySet()).containsExactly("b", "a");
        assertThat(tensors.get("a"))
                .isNotNull()
                .extracting(NDArray::toFloatArray)
                .isEqualTo(new float[] {1, 2});
        assertThat(tensors.get("b"))
                .isNotNull()
                .extracting(NDArray::toFloatArray)
                .isEqualTo(new float[] {3});
    }

    @Test
    void leavesWhatMayBeIgnored() throws IOException {
        shard("model.safetensors", "a", 1, 2);

        assertThat(read(wanted("a", 2))).hasSize(1);
        shard("model.safetensors", "ignorable", 1, 2);
        assertThat(read(new LinkedHashMap<>())).isEmpty();
    }

    @Test
    void refusesAnIndexThatLeavesTheDirectory() throws IOException {
        Path secret = Files.createDirectory(directory.resolve("model"));
        shard("secret.safetensors", "a", 1);
        for (String name :
                new String[] {"../secret.safetensors", "/etc/passwd", "a\\\\..\\\\secret.safetensors", ".."}) {
            Files.writeString(
                    secret.resolve("model.safetensors.index.json"), "{\"weight_map\":{\"a\":\"" + name + "\"}}");
            assertThatThrownBy(() -> WeightFiles.open(secret).close())
                    .as(name)
                    .isInstanceOf(CorruptWeightsException.class)
                    .hasMessageContaining("must lie beside its index");
        }
    }

    @Test
    void refusesAnIndexThatDoesNotFitTheShards() throws IOException {
        shard("one.safetensors", "a", 1);
        shard("two.safetensors", "b", 1);

        index("{'a':'one.safetensors','b':'three.safetensors'}");
        refused(wanted("a", 1), "names the shard three.safetensors, which is not there");
        index("{'a':'two.safetensors','b':'two.safetensors'}");
        refused(wanted("a", 1), "says that tensor a is in two.safetensors: it is not");
        shard("two.safetensors", "a", 1);
        index("{'a':'one.safetensors','b':'two.safetensors'}");
        refused(wanted("a", 1), "tensor a is in one.safetensors as well");
        index("[]");
        refused(wanted("a", 1), "has no weight_map");
    }

    @Test
    void namesWhatIsMissingSuperfluousOrMisshapen() throws IOException {
        shard("model.safetensors", "a", 1, 2);

        refused(wanted("a", 2, "b", 1), "lacks b");
        refused(new LinkedHashMap<>(), "model.safetensors: holds what the model has no place for: a");
        refused(wanted("a", 3), "tensor a has shape (2), the model wants (3)");
    }

    @Test
    void saysWhatAModelDirectoryIs() {
        refused(wanted("a", 1), "has neither model.safetensors nor model.safetensors.index.json");
    }

    private void refused(SequencedMap<String, Shape> wanted, String problem) {
        assertThatThrownBy(() -> read(wanted))
                .isInstanceOf(CorruptWeightsException.class)
                .hasMessageContaining(directory.toString())
                .hasMessageContaining(problem);
    }

    private Map<String, NDArray> read(SequencedMap<String, Shape> wanted) throws IOException {
        try (WeightFiles files = WeightFiles.open(directory)) {
            return files.read(wanted, "ignorable"::equals, owner);
        }
    }

    private static SequencedMap<String, Shape> wanted(String name, long size) {
        SequencedMap<String, Shape> wanted = new LinkedHashMap<>();
        wanted.put(name, new Shape(size));
        return wanted;
    }

    private static SequencedMap<String, Shape> wanted(String first, long size, String second, long secondSize) {
        SequencedMap<String, Shape> wanted = wanted(first, size);
        wanted.put(second, new Shape(secondSize));
        return wanted;
    }

    private void shard(String fileName, String tensor, float... values) throws IOException {
        Path file = directory.resolve(fileName);
        Files.deleteIfExists(file);
        SafetensorsWriter.write(file, Map.of(tensor, owner.create(values)), Map.of());
    }

    private void index(String weightMap) throws IOException {
        Files.writeString(
                directory.resolve("model.safetensors.index.json"),
                "{\"metadata\":{},\"weight_map\":" + weightMap.replace('\'', '"') + "}");
    }
}
