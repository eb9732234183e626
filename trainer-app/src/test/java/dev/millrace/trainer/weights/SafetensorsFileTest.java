package dev.millrace.trainer.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.millrace.trainer.learn.TorchEngine;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SafetensorsFileTest {
    @TempDir
    private Path directory;

    @BeforeAll
    static void startTheEngine() {
        TorchEngine.start(1);
    }

    @Test
    void widensShortFloatsExactly() throws IOException {
        // Given: 1.5 and -2 as bfloat16, then as float16
        Path file = write("""
                {"b":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]},"h":{"dtype":"F16","shape":[1,2],"data_offsets":[4,8]}}""", new byte[] {(byte) 0xc0, 0x3f, 0x00, (byte) 0xc0, 0x00, 0x3e, 0x00, (byte) 0xc0});

        try (SafetensorsFile weights = SafetensorsFile.open(file);
                NDManager owner = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            // When
            NDArray brain = weights.read("b", owner);
            NDArray half = weights.read("h", owner);

            // Then
            assertThat(brain.toFloatArray()).containsExactly(1.5f, -2f);
            assertThat(half.toFloatArray()).containsExactly(1.5f, -2f);
            assertThat(half.getShape()).isEqualTo(new Shape(1, 2));
        }
    }

    @Test
    void readsBackWhatWasWrittenAcrossPieces() throws IOException {
        // Given: more elements than one piece holds
        int size = (4 << 20) + 3;
        Path file = directory.resolve("large.safetensors");
        try (NDManager owner = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            NDArray tensor = owner.arange(0f, size, 1f);
            SafetensorsWriter.write(file, Map.of("t", tensor), Map.of("step", "3"));

            // When
            try (SafetensorsFile weights = SafetensorsFile.open(file)) {
                NDArray read = weights.read("t", owner);

                // Then
                assertThat(read.contentEquals(tensor)).isTrue();
                assertThat(weights.metadata()).isEqualTo(Map.of("format", "pt", "step", "3"));
            }
        }
        assertThat(ByteBuffer.wrap(Files.readAllBytes(file))
                                .order(ByteOrder.LITTLE_ENDIAN)
                                .getLong()
                        % 64)
                .as("the data begins at a multiple of 64")
                .isEqualTo(64 - Long.BYTES);
    }

    @Test
    void writesFloatsOnly() {
        try (NDManager owner = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            NDArray integers = owner.create(new int[] {1, 2});
            Path file = directory.resolve("integers.safetensors");

            assertThatThrownBy(() -> SafetensorsWriter.write(file, Map.of("t", integers), Map.of()))
                    .hasMessageContaining("t is int32, it must be float32");
            assertThat(file).doesNotExist();
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\0', textBlock = """
            not json                                                         | is not JSON
            []                                                               | not a JSON object
            {"t":{"dtype":"F32","shape":[2],"data_offsets":[0,12]}}          | of 8 bytes lies at [0, 12)
            {"t":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}           | lies at [8, 0)
            {"t":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}          | lies at [4, 12)
            {"t":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}           | where 0 was due
            {"t":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}           | describes 4 bytes of data, the file has 8
            {"t":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}          | impossible sizes
            {"t":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}} | impossible sizes
            {"t":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}}       | has dtype "F8_E4M3"
            {"t":{"dtype":"F32","shape":[2]}}                                | no usable shape and data_offsets
            {"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}} | Duplicate field
            {"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"u":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}} | overlap
            """)
    void refusesADamagedHeader(String header, String problem) throws IOException {
        Path file = write(header, new byte[8]);

        assertThatThrownBy(() -> SafetensorsFile.open(file).close())
                .isInstanceOf(CorruptWeightsException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining(problem);
    }

    @Test
    void refusesAFileThatWasCutShort() throws IOException {
        Path whole = write("{\"t\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", new byte[8]);
        byte[] bytes = Files.readAllBytes(whole);

        for (int length = 0; length < bytes.length; length++) {
            Path cut = Files.write(directory.resolve("cut" + length), Arrays.copyOf(bytes, length));
            assertThatThrownBy(() -> SafetensorsFile.open(cut).close())
                    .as("the first " + length + " bytes")
                    .isInstanceOf(CorruptWeightsException.class)
                    .hasMessageContaining(cut.toString());
        }
    }

    @Test
    void refusesAHeaderLongerThanTheFormatAllows() throws IOException {
        Path file = Files.write(
                directory.resolve("long"),
                ByteBuffer.allocate(16)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(Long.MAX_VALUE)
                        .array());

        assertThatThrownBy(() -> SafetensorsFile.open(file).close())
                .isInstanceOf(CorruptWeightsException.class)
                .hasMessageContaining("claims " + Long.MAX_VALUE);
    }

    private Path write(String header, byte[] data) throws IOException {
        return SafetensorsBytes.write(directory.resolve("model.safetensors"), header, data);
    }

    /// Writes files that our own writer would not write.
    static final class SafetensorsBytes {
        private SafetensorsBytes() {}

        static Path write(Path file, String header, byte[] data) throws IOException {
            byte[] json = header.getBytes(StandardCharsets.UTF_8);
            ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES + json.length + data.length)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(json.length)
                    .put(json)
                    .put(data);
            return Files.write(file, bytes.array());
        }
    }
}
