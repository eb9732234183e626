package dev.millrace.producer.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.ZstdOutputStream;
import dev.millrace.producer.document.Admission;
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
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TarSamplesTest {
    private static final String LONG = "d/".repeat(120);

    @TempDir
    Path directory;

    @Test
    void filesOfOneKeyAreOneSample() throws Exception {
        Path file = write(
                "shard.tar",
                TarArchiveOutputStream.LONGFILE_POSIX,
                "a/001.jpg=JPEG",
                "a/001.txt=a cat",
                "a/001.json={\"width\":1}",
                "a/002.JSON={\"text\":\"a dog\",\"id\":\"dog\"}",
                "a/003.jpg=JPEG",
                "a/003.seg.png=PNG",
                "b/001.txt=",
                "b/002.txt=" + "x".repeat(2_000),
                LONG + "004.txt=far away");

        assertThat(read(file, 0, 0).stream().map(TarSamplesTest::describe))
                .containsExactly(
                        "1 {\"text\":\"a cat\",\"source\":\"shard.tar/a/001\"}",
                        "2 {\"text\":\"a dog\",\"id\":\"dog\"}",
                        "3 'text' is in no member of the sample, which has only [jpg, seg.png] (line 1, column 1)",
                        "4 'text' is empty (line 1, column 9)",
                        "5 is larger than millrace.documents.max-size = 1500 bytes (line 1, column 1)",
                        "6 {\"text\":\"far away\",\"source\":\"shard.tar/" + LONG + "004\"}");
    }

    @ParameterizedTest
    @ValueSource(ints = {TarArchiveOutputStream.LONGFILE_GNU, TarArchiveOutputStream.LONGFILE_POSIX})
    void longNamesAreReadInBothDialects(int dialect) throws Exception {
        Path file = write("long.tar", dialect, LONG + "1.txt=one", LONG + "2.txt=two");

        assertThat(read(file, 0, 0).stream().map(TarSamplesTest::describe))
                .containsExactly(
                        "1 {\"text\":\"one\",\"source\":\"long.tar/" + LONG + "1\"}",
                        "2 {\"text\":\"two\",\"source\":\"long.tar/" + LONG + "2\"}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"shard.tar", "shard.tar.gz", "shard.tar.zst"})
    void itGoesOnBehindAnySample(String name) throws Exception {
        List<String> members = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            members.add(i + ".jpg=" + "j".repeat(i * 37));
            members.add((i % 3 == 0 ? LONG : "") + i + ".txt=text " + i);
        }
        Path file = write(name, TarArchiveOutputStream.LONGFILE_POSIX, members.toArray(String[]::new));
        List<Item> all = read(file, 0, 0);

        for (int i = 0; i < all.size(); i++) {
            Item before = all.get(i);
            assertThat(read(file, before.end(), before.line()).stream().map(TarSamplesTest::describe))
                    .isEqualTo(all.subList(i + 1, all.size()).stream()
                            .map(TarSamplesTest::describe)
                            .toList());
        }
    }

    @Test
    void aShardThatBreaksOffOrIsDamagedIsNamedWithThePlace() throws Exception {
        Path file = write("shard.tar", TarArchiveOutputStream.LONGFILE_POSIX, "1.txt=one", "2.txt=two", "3.txt=three");
        byte[] whole = Files.readAllBytes(file);
        Path cut = Files.write(directory.resolve("cut.tar"), Arrays.copyOf(whole, 1_024 + 512 + 2));
        byte[] flipped = whole.clone();
        flipped[1_024 + 20] ^= 1;
        Path bad = Files.write(directory.resolve("bad.tar"), flipped);
        Path packed = write("packed.tar.gz", TarArchiveOutputStream.LONGFILE_POSIX, "1.txt=one", "2.txt=two");
        Files.write(packed, Arrays.copyOf(Files.readAllBytes(packed), 100));

        assertThatThrownBy(() -> read(cut, 0, 0))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("cut.tar ends in the middle of a file, at byte 1538");
        assertThatThrownBy(() -> read(bad, 0, 0))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("bad.tar has no tar header before the place, at byte 1536");
        assertThatThrownBy(() -> read(packed, 0, 0))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("packed.tar.gz cannot be read past byte ");
    }

    private List<Item> read(Path file, long from, long before) throws Exception {
        List<Item> items = new ArrayList<>();
        Reading reading = new Reading(new DocumentReader(1_500, 512, 32), "text", Optional.empty());
        new DocumentFile(file).read(from, before, reading, items::add);
        return items;
    }

    /// @param members each a path and, after the first equals sign, its content
    private Path write(String name, int dialect, String... members) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes)) {
            tar.setLongFileMode(dialect);
            for (String member : members) {
                String[] parts = member.split("=", 2);
                byte[] content = parts[1].getBytes(StandardCharsets.UTF_8);
                TarArchiveEntry entry = new TarArchiveEntry(parts[0]);
                entry.setSize(content.length);
                tar.putArchiveEntry(entry);
                tar.write(content);
                tar.closeArchiveEntry();
            }
        }
        Path file = directory.resolve(name);
        try (OutputStream out = Files.newOutputStream(file);
                OutputStream packed = name.endsWith(".gz")
                        ? new GZIPOutputStream(out)
                        : name.endsWith(".zst") ? new ZstdOutputStream(out) : out) {
            bytes.writeTo(packed);
        }
        return file;
    }

    private static String describe(Item item) {
        return item.line() + " "
                + switch (item.admission()) {
                    case Admission.Accepted yes -> new String(yes.document().value(), StandardCharsets.UTF_8);
                    case Admission.Rejected no -> no.describe();
                };
    }
}
