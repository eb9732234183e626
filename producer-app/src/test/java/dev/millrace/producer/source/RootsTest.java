package dev.millrace.producer.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.producer.document.DocumentReader;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RootsTest {
    @TempDir
    Path directory;

    private Path root;
    private Path outside;
    private Roots roots;

    @BeforeEach
    void createDirectories() throws IOException {
        root = Files.createDirectories(directory.resolve("root"));
        outside = Files.createDirectories(directory.resolve("outside"));
        roots = new Roots(List.of(root));
    }

    @Test
    void whatLiesBelowARootIsOpenedByLinksToo() throws IOException {
        Files.createDirectories(root.resolve("2026/11"));
        Files.writeString(root.resolve("2026/11/a.jsonl"), "below");
        Files.createSymbolicLink(root.resolve("now"), root.resolve("2026"));
        Path other = Files.createSymbolicLink(directory.resolve("link-to-root"), root);

        assertThat(content(root.resolve("2026/11/a.jsonl"))).isEqualTo("below");
        assertThat(content(root.resolve("now/11/a.jsonl"))).isEqualTo("below");
        assertThat(content(other.resolve("now/11/a.jsonl"))).isEqualTo("below");
    }

    @Test
    void whatWasExchangedForALinkAfterItWasLookedAtIsNotOpened() throws IOException {
        // Given
        Files.writeString(outside.resolve("a.jsonl"), "secret");
        Path looked = root.toRealPath();
        Files.createSymbolicLink(root.resolve("directory"), outside);
        Files.createSymbolicLink(root.resolve("a.jsonl"), outside.resolve("a.jsonl"));

        // Then
        assertThatThrownBy(() -> Roots.openBelow(looked, Path.of("a.jsonl"))).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> Roots.openBelow(looked, Path.of("directory/a.jsonl")))
                .isInstanceOf(IOException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"a.jsonl", "a.txt", "a.tar", "a.parquet", "a.jsonl.gz", "a.txt.zst"})
    void noFormOfAFileOpensWhatLiesElsewhere(String name) throws IOException {
        // Given
        Files.writeString(outside.resolve(name), "secret");
        Path link = Files.createSymbolicLink(root.resolve(name), outside.resolve(name));
        DocumentFile file = new DocumentFile(link, roots);
        Reading reading = new Reading(new DocumentReader(1 << 20, 512, 32), "text", Optional.empty(), Optional.empty());

        // Then
        assertThatThrownBy(() -> file.read(0, 0, reading, _ -> true))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("does not lie below millrace.ingest.roots");
        assertThatThrownBy(file::openIdentity)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("does not lie below millrace.ingest.roots");
    }

    private String content(Path path) throws IOException {
        try (FileChannel channel = roots.open(path)) {
            return new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
