package dev.millrace.producer.source;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.List;
import java.util.Objects;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Stream;

/// The files that a path stands for, in an order that is the same every time.
public final class FileTree {
    private static final String ENDINGS = ".jsonl, .ndjson, .parquet, .tar, .txt, .md, …";

    private FileTree() {}

    /// Of a file, itself; of a directory, the supported regular files below; of a pattern (`data/*.jsonl`, globs as
    /// [java.nio.file.FileSystem#getPathMatcher] has them), those that match it. By path. Links inside a directory
    /// are not followed.
    ///
    /// @param access by which they will be opened
    /// @return never none
    /// @throws IOException naming the path that is not there, that is no document file, or that holds none
    public static List<DocumentFile> expand(Path path, FileAccess access) throws IOException {
        return paths(path).stream().map(each -> new DocumentFile(each, access)).toList();
    }

    private static List<Path> paths(Path path) throws IOException {
        if (Files.isDirectory(path)) {
            return some(path, below(path, _ -> true), "holds");
        }
        if (isPattern(path) && !Files.exists(path)) {
            return some(path, below(withoutPattern(path), matcher(path)), "matches");
        }
        if (!Files.exists(path)) {
            throw new NoSuchFileException(path.toString(), null, "there is no such file or directory");
        }
        if (!DocumentFile.isSupported(path)) {
            throw new NoSuchFileException(path.toString(), null, "has no ending that Millrace reads (" + ENDINGS + ")");
        }
        if (!Files.isRegularFile(path)) {
            throw new NoSuchFileException(path.toString(), null, "is no regular file, and cannot be read twice");
        }
        return List.of(path);
    }

    private static PathMatcher matcher(Path pattern) throws NoSuchFileException {
        try {
            return pattern.getFileSystem().getPathMatcher("glob:" + pattern);
        } catch (PatternSyntaxException e) {
            throw new NoSuchFileException(
                    pattern.toString(), null, "there is no such file, and it is no pattern: " + e.getDescription());
        }
    }

    /// The directory below which everything lies that a path can stand for; the path itself where it is no pattern.
    public static Path withoutPattern(Path path) {
        Path plain = path;
        while (isPattern(plain)) {
            plain = Objects.requireNonNullElseGet(plain.getParent(), () -> Path.of("."));
        }
        return plain;
    }

    private static boolean isPattern(Path path) {
        return path.toString().chars().anyMatch(each -> "*?[{".indexOf(each) >= 0);
    }

    /// To have read nothing is no success of who mistyped a pattern.
    private static List<Path> some(Path path, List<Path> files, String verb) throws NoSuchFileException {
        if (files.isEmpty()) {
            throw new NoSuchFileException(
                    path.toString(), null, verb + " no file with an ending that Millrace reads (" + ENDINGS + ")");
        }
        return files;
    }

    private static List<Path> below(Path directory, PathMatcher matcher) throws IOException {
        if (!Files.isDirectory(directory)) {
            throw new NoSuchFileException(directory.toString(), null, "there is no such directory");
        }
        // It may be a link itself, as the newest of several often is: of that, a walk would give nothing.
        Path real = directory.toRealPath();
        try (Stream<Path> tree = Files.walk(real)) {
            return tree.filter(each -> Files.isRegularFile(each, LinkOption.NOFOLLOW_LINKS))
                    .map(each -> directory.resolve(real.relativize(each)))
                    .filter(DocumentFile::isSupported)
                    .filter(matcher::matches)
                    .sorted()
                    .toList();
        } catch (UncheckedIOException e) {
            // A directory in it that cannot be read, or is gone.
            throw e.getCause();
        }
    }
}
