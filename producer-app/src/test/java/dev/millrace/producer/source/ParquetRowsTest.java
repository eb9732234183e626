package dev.millrace.producer.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.producer.document.Admission;
import dev.millrace.producer.document.DocumentReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The files were written by DuckDB 1.4.1. `hub`: five rows with a list, a struct, a null and an empty text, as data
/// sets of the hub have them; one per codec with ten rows; `many`: 20,000 rows of 1,000 bytes in five row groups. That
/// of `growing` is PyArrow 25: 1,000 rows of 10 bytes and, in a second row group, 200 of 400,000, in pages of one row.
class ParquetRowsTest {
    @TempDir
    Path directory;

    @Test
    void aRowIsADocumentOfTheColumnsThatWereChosen() throws Exception {
        List<Item> items = read("hub", 0, "content", Optional.of("id"));

        assertThat(items).extracting(Item::line).containsExactly(1L, 2L, 3L, 4L, 5L);
        assertThat(items.stream().map(ParquetRowsTest::describe))
                .containsExactly(
                        "11 {\"text\":\"one \\\"quoted\\\"\\n\\tline\",\"id\":\"11\",\"source\":\"hub.parquet\"}",
                        "12 {\"text\":\"café 🚀\",\"id\":\"12\",\"source\":\"hub.parquet\"}",
                        "'content' is null (line 1, column 1)",
                        "'text' is empty (line 1, column 9)",
                        "15 {\"text\":\"last\",\"id\":\"15\",\"source\":\"hub.parquet\"}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"snappy", "gzip", "zstd"})
    void theCodecsOfTheHubAreRead(String codec) throws Exception {
        assertThat(read(codec, 0, "text", Optional.empty()).stream().map(ParquetRowsTest::describe))
                .hasSize(10)
                .allMatch(each -> each.contains("{\"text\":\"text "));
    }

    @Test
    void itGoesOnAtTheRowThatIsNextInWhateverRowGroup() throws Exception {
        for (long before : new long[] {0, 1, 4095, 4096, 4097, 13_000, 19_999, 20_000}) {
            List<Item> items = read("many", before, "text", Optional.of("id"));

            assertThat(items).as("after %d", before).hasSize((int) (20_000 - before));
            for (int i = 0; i < items.size(); i++) {
                assertThat(items.get(i).line()).isEqualTo(before + i + 1);
                assertThat(describe(items.get(i))).startsWith("row-" + (before + i) + " ");
            }
        }
    }

    @Test
    void howFarItIsGrowsToTheSizeOfTheFile() throws Exception {
        List<Item> items = read("many", 0, "text", Optional.empty());

        assertThat(items).extracting(Item::end).isSorted();
        assertThat(items.getLast().end()).isEqualTo(Files.size(file("many")));
    }

    @Test
    void aColumnThatIsNotThereIsNamedBesideThoseThatAre() {
        assertThatThrownBy(() -> read("hub", 0, "text", Optional.empty()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("hub.parquet")
                .hasMessageContaining("'text' (millrace.ingest.text-column)")
                .hasMessageContaining("content");
        assertThatThrownBy(() -> read("hub", 0, "tags", Optional.empty())).hasMessageContaining("'tags'");
        assertThatThrownBy(() -> read("brotli", 0, "text", Optional.empty())).hasMessageContaining("BROTLI");
    }

    @Test
    void aDamagedFileIsNamedWithThePlace() throws Exception {
        byte[] whole = Files.readAllBytes(file("many"));
        Path cut = Files.write(directory.resolve("cut.parquet"), Arrays.copyOf(whole, whole.length / 2));
        byte[] zeroed = whole.clone();
        Arrays.fill(zeroed, 8_000, 9_500, (byte) 0);
        Path bad = Files.write(directory.resolve("bad.parquet"), zeroed);

        assertThatThrownBy(() -> read(cut, 0, "text", Optional.empty()))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("cut.parquet cannot be read past row 0");
        List<Item> before = new ArrayList<>();
        assertThatThrownBy(() -> read(bad, 0, "text", Optional.of("id"), before))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("bad.parquet cannot be read past row ");
        for (int i = 0; i < before.size(); i++) {
            assertThat(describe(before.get(i))).startsWith("row-" + i + " ");
        }
    }

    @Test
    void aRowGroupOfLargeRowsAfterOneOfSmallOnesFitsInASmallHeap() throws Exception {
        // Given
        List<String> reader = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m",
                "-cp",
                System.getProperty("java.class.path"),
                SmallHeap.class.getName(),
                file("growing").toString());

        // When
        Process process = new ProcessBuilder(reader).redirectErrorStream(true).start();

        // Then
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        assertThat(output).contains("1200 rows");
    }

    /// Reads the Parquet file that it is given.
    static final class SmallHeap {
        private SmallHeap() {}

        public static void main(String[] arguments) throws Exception {
            long[] rows = {0};
            new DocumentFile(Path.of(arguments[0]), FileAccess.ANY).read(0, 0, reading("text", Optional.empty()), _ -> {
                rows[0]++;
                return true;
            });
            System.out.println(rows[0] + " rows");
        }
    }

    private List<Item> read(String name, long before, String text, Optional<String> id) throws Exception {
        return read(file(name), before, text, id);
    }

    private static List<Item> read(Path file, long before, String text, Optional<String> id) throws Exception {
        List<Item> items = new ArrayList<>();
        read(file, before, text, id, items);
        return items;
    }

    private static void read(Path file, long before, String text, Optional<String> id, List<Item> items)
            throws Exception {
        new DocumentFile(file, FileAccess.ANY).read(before, before, reading(text, id), items::add);
    }

    private static Reading reading(String text, Optional<String> id) {
        return new Reading(new DocumentReader(1 << 20, 512, 32), text, id, Optional.empty());
    }

    private Path file(String name) throws IOException {
        Path file = directory.resolve(name + ".parquet");
        if (!Files.exists(file)) {
            try (InputStream in = Objects.requireNonNull(
                    ParquetRowsTest.class.getResourceAsStream("/parquet/" + name + ".parquet"))) {
                Files.copy(in, file);
            }
        }
        return file;
    }

    private static String describe(Item item) {
        return switch (item.admission()) {
            case Admission.Accepted yes ->
                yes.document().key() + " " + new String(yes.document().value(), StandardCharsets.UTF_8);
            case Admission.Rejected no -> no.describe();
        };
    }
}
