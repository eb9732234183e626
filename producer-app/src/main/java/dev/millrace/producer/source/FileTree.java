package dev.millrace.producer.source;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// The files that a list of files and directories stands for, in an order that is the same every time.
public final class FileTree {
    private FileTree() {}

    /// Files as named; of directories, the supported regular files below, by path. Links inside a directory are not
    /// followed.
    ///
    /// @throws IOException naming the path that is not there or that is no document file
    public static List<DocumentFile> expand(List<Path> paths) throws IOException {
        List<DocumentFile> files = new ArrayList<>();
        for (Path path : paths) {
            if (Files.isDirectory(path)) {
                try (Stream<Path> tree = Files.walk(path)) {
                    tree.filter(each -> Files.isRegularFile(each, java.nio.file.LinkOption.NOFOLLOW_LINKS))
                            .filter(DocumentFile::isSupported)
                            .sorted()
                            .map(DocumentFile::new)
                            .forEach(files::add);
                }
            } else if (!Files.exists(path)) {
                throw new NoSuchFileException(path.toString(), null, "there is no such file or directory");
            } else if (!DocumentFile.isSupported(path)) {
                throw new IOException(path + " has no ending that Millrace reads (.jsonl, .ndjson, .txt, .md, …)");
            } else {
                files.add(new DocumentFile(path));
            }
        }
        return files;
    }
}
