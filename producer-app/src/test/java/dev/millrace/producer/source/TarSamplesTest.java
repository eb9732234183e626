package dev.millrace.producer.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.ZstdOutputStream;
import dev.millrace.producer.document.Admission;
import dev.millrace.producer.document.Document;
import dev.millrace.producer.document.DocumentForms;
import dev.millrace.producer.document.DocumentReader;
import dev.millrace.producer.document.QualityRules;
import dev.millrace.producer.store.MediaStore;
import dev.millrace.producer.store.MemoryStore;
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
import java.util.stream.Collectors;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
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

    /// What lies there are its parts, and of some dialects a list of them before.
    @ParameterizedTest
    @ValueSource(strings = {"", "GNU.sparse.major", "GNU.sparse.map", "GNU.sparse.size"})
    void aSparseFileIsNotTakenForItsParts(String paxHeader) throws Exception {
        Path file = directory.resolve("sparse.tar");
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(Files.newOutputStream(file))) {
            TarArchiveEntry entry = paxHeader.isEmpty()
                    ? new TarArchiveEntry("a.txt", TarConstants.LF_GNUTYPE_SPARSE)
                    : new TarArchiveEntry("a.txt");
            entry.setSize(4);
            if (!paxHeader.isEmpty()) {
                TarArchiveEntry header =
                        new TarArchiveEntry("PaxHeaders/a.txt", TarConstants.LF_PAX_EXTENDED_HEADER_LC);
                String record = paxHeader + "=1\n";
                byte[] records = ((record.length() + 3) + " " + record).getBytes(StandardCharsets.UTF_8);
                header.setSize(records.length);
                tar.putArchiveEntry(header);
                tar.write(records);
                tar.closeArchiveEntry();
            }
            tar.putArchiveEntry(entry);
            tar.write("part".getBytes(StandardCharsets.UTF_8));
            tar.closeArchiveEntry();
        }

        assertThatThrownBy(() -> read(file, 0, 0))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("sparse.tar has a sparse file, which is not read");
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

    @ParameterizedTest
    @ValueSource(strings = {"9223372036854775807", "-5", "many"})
    void aSizeThatNoFileHasIsDamage(String size) throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes)) {
            byte[] record = "%d size=%s\n".formatted(size.length() + 9, size).getBytes(StandardCharsets.UTF_8);
            TarArchiveEntry header = new TarArchiveEntry("pax", TarArchiveEntry.LF_PAX_EXTENDED_HEADER_LC);
            header.setSize(record.length);
            tar.putArchiveEntry(header);
            tar.write(record);
            tar.closeArchiveEntry();
            TarArchiveEntry file = new TarArchiveEntry("1.txt");
            tar.putArchiveEntry(file);
            tar.closeArchiveEntry();
        }
        Path shard = Files.write(directory.resolve("huge.tar"), bytes.toByteArray());

        assertThatThrownBy(() -> read(shard, 0, 0))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll("huge.tar has a size of ", "at byte ");
    }

    private final MemoryStore store = new MemoryStore();

    private Optional<DocumentForms> media(Optional<MediaStore> objects) {
        return Optional.of(new DocumentForms(new DocumentReader(1_500, 512, 32), 512, 4, QualityRules.NONE, objects));
    }

    @Test
    void aSampleWithMediaIsOneFormAndAMediumAloneIsItself() throws Exception {
        Path file = write(
                "shard.tar",
                TarArchiveOutputStream.LONGFILE_POSIX,
                "a/1.jpg=JPEG",
                "a/1.txt=a cat",
                "a/2.wav=RIFF",
                "a/3.cls=7",
                "a/3.json={\"text\":\"a dog\",\"id\":17}",
                "a/3.seg.png=PNG",
                "a/4.json={\"url\":\"x\"}",
                "a/4.webp=RIFF",
                "a/5.txt=no medium",
                "a/6.cls=7");

        List<Item> items = read(file, 0, 0, media(Optional.empty()));

        assertThat(items.stream().map(TarSamplesTest::outline))
                .containsExactly(
                        "multipart/form-data from shard.tar/a/1: jpg image/jpeg JPEG, text text/plain a cat",
                        "audio/wav from shard.tar/a/2: RIFF",
                        "multipart/form-data 17 from shard.tar/a/3: seg.png image/png PNG, text text/plain a dog,"
                                + " metadata application/json {\"text\":\"a dog\",\"id\":17}",
                        "multipart/form-data from shard.tar/a/4: webp image/webp RIFF,"
                                + " metadata application/json {\"url\":\"x\"}",
                        "application/json from shard.tar/a/5: {\"text\":\"no medium\",\"source\":\"shard.tar/a/5\"}",
                        "'text' is in no member of the sample, which has only [cls] (line 1, column 1)");
    }

    @Test
    void mediaThatAreTooLargeTogetherGoToTheStoreAndTheTextStays() throws Exception {
        String large = "j".repeat(200_000);
        String half = "w".repeat(1_000);
        Path file = write(
                "shard.tar",
                TarArchiveOutputStream.LONGFILE_POSIX,
                "1.flac=" + half,
                "1.jpg=" + half,
                "1.txt=two halves",
                "2.png=" + large,
                "3.png=" + large,
                "3.txt=" + "t".repeat(1_450),
                "4.png=" + large,
                "4.txt=" + "t".repeat(1_501),
                "5.1.png=1",
                "5.2.png=2",
                "5.3.png=3",
                "5.4.png=4",
                "5.5.png=5",
                "6.jpg=" + "j".repeat(300_001),
                "7.txt=still read");

        List<Item> items = read(file, 0, 0, media(Optional.of(new MediaStore(store, 300_000))));

        assertThat(items).hasSize(7);
        assertThat(outline(items.get(0)))
                .contains(
                        "flac application/vnd.millrace.claim+json",
                        "jpg application/vnd",
                        "text text/plain two halves");
        assertThat(outline(items.get(1)))
                .startsWith("application/vnd.millrace.claim+json from shard.tar/2: ")
                .contains("\"length\":200000", "\"contentType\":\"image/png\"");
        assertThat(outline(items.get(2))).contains("is larger than millrace.documents.max-size = 1500");
        assertThat(outline(items.get(3))).contains("is larger than millrace.documents.max-size = 1500");
        assertThat(outline(items.get(4))).contains("more media than millrace.documents.max-parts = 4");
        assertThat(outline(items.get(5))).contains("is larger than millrace.claim.max-size = 300000");
        assertThat(outline(items.get(6))).contains("still read");
        assertThat(store.committed().values())
                .extracting(each -> each.length)
                .containsExactlyInAnyOrder(1_000, 200_000);
        assertThat(store.open()).isZero();
        assertThat(read(file, items.get(0).end(), 1, media(Optional.empty())).stream()
                        .map(TarSamplesTest::outline)
                        .limit(1))
                .containsExactly("is larger than millrace.documents.max-size = 1500 bytes, and there is no store for"
                        + " media that are: millrace.claim.directory is not set");
    }

    @Test
    void aShardThatBreaksOffInAMediumLeavesNothingInTheStore() throws Exception {
        Path file = write("shard.tar", TarArchiveOutputStream.LONGFILE_POSIX, "1.png=" + "x".repeat(200_000));
        Files.write(file, Arrays.copyOf(Files.readAllBytes(file), 100_000));

        assertThatThrownBy(() -> read(file, 0, 0, media(Optional.of(new MediaStore(store, 300_000)))))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("shard.tar ends in the middle of a file, at byte 100000");
        assertThat(store.committed()).isEmpty();
        assertThat(store.open()).isZero();
    }

    /// Its type, names and parts.
    private static String outline(Item item) {
        if (!(item.admission() instanceof Admission.Accepted yes)) {
            return ((Admission.Rejected) item.admission()).describe();
        }
        Document document = yes.document();
        String[] type = document.contentType().split("; boundary=", 2);
        String value = new String(document.value(), StandardCharsets.UTF_8);
        String names = document.clientId().map(id -> " " + id).orElse("") + " from "
                + document.source().orElse("nowhere") + ": ";
        return type[0]
                + names
                + (type.length == 1
                        ? value
                        : Arrays.stream(value.split("\r?\n?--" + type[1] + "(--)?\r\n"))
                                .filter(part -> !part.isEmpty())
                                .map(part -> part.replaceAll(
                                        "(?s).*name=\"([^\"]*)\"\r\nContent-Type: ([^\r]*)\r\n\r\n(.*)", "$1 $2 $3"))
                                .collect(Collectors.joining(", ")));
    }

    private List<Item> read(Path file, long from, long before) throws Exception {
        return read(file, from, before, Optional.empty());
    }

    private List<Item> read(Path file, long from, long before, Optional<DocumentForms> media) throws Exception {
        List<Item> items = new ArrayList<>();
        Reading reading = new Reading(new DocumentReader(1_500, 512, 32), "text", Optional.empty(), media);
        new DocumentFile(file, FileAccess.ANY).read(from, before, reading, items::add);
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
