package dev.millrace.producer.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.ZstdOutputStream;
import dev.millrace.producer.document.DocumentReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Files that were packed in parts which follow each other, as crawls and parallel packers write them.
class PackedFileTest {
    private static final long SEED = 20261125;
    private static final int LINES = 100;

    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(strings = {"gz", "zst"})
    void allPartsAreRead(String ending) throws Exception {
        assertThat(read(ending, packed(ending))).hasSize(3 * LINES);
    }

    /// A part that is damaged is not the end of the file: what follows would be lost, and nobody told.
    @ParameterizedTest
    @ValueSource(strings = {"gz", "zst"})
    void aFlippedBitIsSaidOrHarmlessAndNeverMakesTheFileShorter(String ending) throws Exception {
        // Given
        byte[] whole = packed(ending);
        Random random = new Random(SEED);
        int said = 0;
        for (int round = 0; round < 500; round++) {
            byte[] damaged = whole.clone();
            damaged[random.nextInt(damaged.length)] ^= (byte) (1 << random.nextInt(8));

            // When
            try {
                List<Item> items = read(ending, damaged);
                // Then
                assertThat(items).as("round %d", round).hasSize(3 * LINES);
            } catch (IOException e) {
                assertThat(e).hasMessageContaining("file.jsonl." + ending);
                said++;
            }
        }
        assertThat(said).isGreaterThan(400);
    }

    @ParameterizedTest
    @ValueSource(strings = {"gz", "zst"})
    void aFileThatBreaksOffIsNeverTakenForAWholeOne(String ending) throws Exception {
        // Given
        byte[] whole = packed(ending);
        int part = whole.length / 3;
        for (int length = 1; length < whole.length; length++) {
            byte[] cut = Arrays.copyOf(whole, length);
            if (length % part == 0) {
                // A file of fewer parts, and whole.
                assertThat(read(ending, cut)).hasSize(length / part * LINES);
                continue;
            }

            // Then
            assertThatThrownBy(() -> read(ending, cut))
                    .as("%d of %d bytes", length, whole.length)
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("file.jsonl." + ending);
        }
    }

    @Test
    void anEmptyFileIsNoGzip() {
        assertThatThrownBy(() -> read("gz", new byte[0]))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(
                        "file.jsonl.gz cannot be read past byte 0 (unpacked): it is empty, and so not packed");
    }

    /// Three equal parts.
    private static byte[] packed(String ending) throws IOException {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        for (int part = 0; part < 3; part++) {
            try (OutputStream out =
                    ending.equals("gz") ? new GZIPOutputStream(file) : new ZstdOutputStream(file).setChecksum(true)) {
                for (int i = 0; i < LINES; i++) {
                    out.write(("{\"text\":\"line " + i + "\"}\n").getBytes(StandardCharsets.UTF_8));
                }
            }
        }
        return file.toByteArray();
    }

    private List<Item> read(String ending, byte[] bytes) throws IOException, InterruptedException {
        Path file = Files.write(directory.resolve("file.jsonl." + ending), bytes);
        List<Item> items = new ArrayList<>();
        Reading reading = new Reading(new DocumentReader(1 << 20, 512, 32), "text", Optional.empty(), Optional.empty());
        new DocumentFile(file, FileAccess.ANY).read(0, 0, reading, items::add);
        return items;
    }
}
