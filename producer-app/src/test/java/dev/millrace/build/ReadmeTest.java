package dev.millrace.build;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// The README names files that readers are to open: each must be there.
class ReadmeTest {
    private static final Path ROOT = Path.of("..");
    private static final Pattern LINK = Pattern.compile("]\\((?!https?:)([^)#]+)\\)");

    @Test
    void everyFileThatTheReadmeLinksToIsThere() throws IOException {
        List<String> links = LINK.matcher(Files.readString(ROOT.resolve("README.md")))
                .results()
                .map((MatchResult link) -> link.group(1))
                .toList();

        assertThat(links)
                .hasSizeGreaterThan(6)
                .allSatisfy(link -> assertThat(ROOT.resolve(link)).exists());
    }
}
