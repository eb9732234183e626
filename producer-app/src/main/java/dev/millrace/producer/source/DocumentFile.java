package dev.millrace.producer.source;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/// A file as documents, read in order, in memory that does not grow with it.
///
/// By its ending: `.jsonl` and `.ndjson` hold a document per line, `.parquet` one per row, `.tar` one per sample;
/// `.txt`, `.md`, `.java` and other text is one document, with the file's name as its `source`. All but Parquet may
/// be packed, with `.gz` or `.zst` after that.
///
/// @param access by which it is opened, each time
public record DocumentFile(Path path, FileAccess access) {
    /// What takes the documents of a file.
    @FunctionalInterface
    public interface Taker {
        /// @return whether more is wanted
        boolean take(Item item) throws IOException, InterruptedException;

        /// Called about once a second while nothing comes: unpacking up to where an earlier run was may take long.
        ///
        /// @return whether more is wanted
        default boolean idle() throws IOException, InterruptedException {
            return true;
        }
    }

    /// Whether a file of this name is one that is read.
    public static boolean isSupported(Path path) {
        return FileForm.of(path).isPresent();
    }

    FileChannel open() throws IOException {
        return access.open(path);
    }

    /// Its last name.
    String name() {
        return String.valueOf(path.getFileName());
    }

    private FileForm form() {
        return FileForm.of(path)
                .orElseThrow(() -> new IllegalStateException(path + " has no ending that is read: see FileTree"));
    }

    /// What a document of it is called: a line, a row, a sample.
    public String unit() {
        return form().unit();
    }

    /// The bytes by which it is known again: its first ones, unpacked; of a Parquet file the last ones, for there its
    /// contents are listed.
    public InputStream openIdentity() throws IOException {
        return form().openIdentity(this);
    }

    /// Reads the documents that lie past the first `from` bytes, in which `before` lines, rows or samples lie.
    ///
    /// @throws IOException where the file cannot be read any further, with its name and the place
    public void read(long from, long before, Reading reading, Taker taker) throws IOException, InterruptedException {
        form().read(this, from, before, reading, taker);
    }
}
