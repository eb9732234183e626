package dev.millrace.producer.source;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// The directories below which paths may lie that are ordered from outside.
///
/// @param directories none at all means that nothing can be ordered
public record Roots(List<Path> directories) {
    public Roots {
        directories = List.copyOf(directories);
    }

    public boolean isEmpty() {
        return directories.isEmpty();
    }

    /// Why a path may not be read; empty where it may. Links are followed first: what counts is where it really leads.
    public Optional<String> refusal(Path path) {
        if (isEmpty()) {
            return Optional.of("millrace.ingest.roots names no directory: no path can be ordered over HTTP");
        }
        try {
            Path absolute = path.toAbsolutePath().normalize();
            // What looks like a pattern may be the name of a link.
            Path named =
                    Files.exists(absolute, LinkOption.NOFOLLOW_LINKS) ? absolute : FileTree.withoutPattern(absolute);
            Path real = named.toRealPath();
            for (Path root : directories) {
                if (real.startsWith(root.toRealPath())) {
                    return Optional.empty();
                }
            }
        } catch (IOException e) {
            return Optional.of("there is no such path below millrace.ingest.roots");
        }
        return Optional.of("there is no such path below millrace.ingest.roots");
    }
}
