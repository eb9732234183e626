package dev.millrace.producer.source;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// How files are opened.
@FunctionalInterface
public interface FileAccess {
    /// As the file system lets this process.
    FileAccess ANY = path -> FileChannel.open(path, StandardOpenOption.READ);

    /// Opens a file to be read.
    ///
    /// @throws IOException where it is not there, or may not be read
    FileChannel open(Path path) throws IOException;
}
