package dev.millrace.producer.source;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileTreeTest {
    @TempDir
    Path directory;

    @Test
    void aDirectoryThatIsALinkHasItsFilesByTheNameThatWasAskedFor() throws IOException {
        // Given
        Path month = Files.createDirectories(directory.resolve("2026-11/a"));
        Files.writeString(month.resolve("one.jsonl"), "{}");
        Path current = Files.createSymbolicLink(directory.resolve("current"), directory.resolve("2026-11"));

        // Then
        DocumentFile one = new DocumentFile(current.resolve("a/one.jsonl"), FileAccess.ANY);
        assertThat(FileTree.expand(current, FileAccess.ANY)).containsExactly(one);
        assertThat(FileTree.expand(current.resolve("*/*.jsonl"), FileAccess.ANY))
                .containsExactly(one);
        assertThatThrownBy(() -> FileTree.expand(current.resolve("*.jsonl"), FileAccess.ANY))
                .isInstanceOf(NoSuchFileException.class)
                .hasMessageContaining("*.jsonl: matches no file");
        assertThatThrownBy(() -> FileTree.expand(current.resolve("[a.jsonl"), FileAccess.ANY))
                .isInstanceOf(NoSuchFileException.class)
                .hasMessageContaining("[a.jsonl: there is no such file, and it is no pattern");
    }

    @Test
    void linksInsideADirectoryAreNotFollowed() throws IOException {
        // Given
        Path outside = Files.writeString(directory.resolve("outside.jsonl"), "{}");
        Path inside = Files.createDirectory(directory.resolve("inside"));
        Files.createSymbolicLink(inside.resolve("link.jsonl"), outside);

        // Then
        assertThatThrownBy(() -> FileTree.expand(inside, FileAccess.ANY))
                .isInstanceOf(NoSuchFileException.class)
                .hasMessageContaining("inside: holds no file");
    }
}
