package dev.millrace.producer.source;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// The directories below which paths may lie that are ordered from outside.
///
/// @param directories none at all means that nothing can be ordered
public record Roots(List<Path> directories) implements FileAccess {
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

    /// Opens a file that lies below one of them, by the way on which it really lies there: from the root on,
    /// one directory after another, and none of them may be a link by the time that it is opened. So a path
    /// that was exchanged for a link to somewhere else, whenever that was, does not lead there.
    ///
    /// Trusted is what leads to a root, and that nobody links (hard) or mounts into it what is not to be read.
    /// Needs `openat`: Linux has it, Windows does not.
    @Override
    public FileChannel open(Path path) throws IOException {
        Path real = path.toRealPath();
        for (Path root : directories) {
            Path begin = root.toRealPath();
            if (real.startsWith(begin) && !real.equals(begin)) {
                return openBelow(begin, begin.relativize(real));
            }
        }
        throw new AccessDeniedException(path.toString(), null, "does not lie below millrace.ingest.roots");
    }

    /// @param root without links
    /// @param below the file, from there on; without links, when it was looked at
    static FileChannel openBelow(Path root, Path below) throws IOException {
        try (DirectoryStream<Path> directory = Files.newDirectoryStream(root)) {
            if (directory instanceof SecureDirectoryStream<Path> secure) {
                return open(secure, below);
            }
            throw new IOException(root + " (millrace.ingest.roots): this system cannot open what lies below it and"
                    + " nothing else");
        }
    }

    private static FileChannel open(SecureDirectoryStream<Path> directory, Path below) throws IOException {
        Path first = below.getName(0);
        if (below.getNameCount() == 1) {
            return (FileChannel)
                    directory.newByteChannel(first, Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS));
        }
        try (SecureDirectoryStream<Path> next = directory.newDirectoryStream(first, LinkOption.NOFOLLOW_LINKS)) {
            return open(next, first.relativize(below));
        }
    }
}
