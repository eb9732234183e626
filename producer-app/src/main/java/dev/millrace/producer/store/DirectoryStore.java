package dev.millrace.producer.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;

/// Objects as files below a directory, which several processes may share: `ab/cd/abcd…` is there whole and on the
/// disk, or not at all. What is on its way lies in `incoming`, on the same file system.
final class DirectoryStore implements ObjectStore {
    /// As the C library says it in English; in another language the room that is left decides.
    private static final List<String> FULL = List.of("No space left", "quota exceeded", "File too large");

    private static final long ROOM = 1 << 20;

    private final Path root;
    private final Incoming incoming;

    private DirectoryStore(Path root, Incoming incoming) {
        this.root = root;
        this.incoming = incoming;
    }

    /// Opens the store of a directory and clears away what processes that died had begun.
    ///
    /// @throws IOException where it is no directory that can be written to
    static DirectoryStore open(Path root) throws IOException {
        return new DirectoryStore(root, Incoming.open(root.resolve("incoming")));
    }

    @Override
    public Upload begin() throws IOException {
        try {
            return new DirectoryUpload(this, incoming.newFile());
        } catch (IOException e) {
            throw explained(e);
        }
    }

    /// @return false where it was there before
    boolean adopt(Path file, ObjectReference object) throws IOException {
        Path target = root.resolve(object.key());
        Path outer = root.resolve(object.sha256().substring(0, 2));
        Path inner = outer.resolve(object.sha256().substring(2, 4));
        Files.createDirectories(inner);
        boolean known = Files.exists(target) && Files.size(target) == object.length();
        if (known) {
            Files.delete(file);
        } else {
            // One of another length was damaged by something else: it is replaced.
            Files.move(file, target, StandardCopyOption.ATOMIC_MOVE);
        }
        // Also where it was known: whoever put it there may not have come to this.
        force(inner);
        force(outer);
        force(root);
        return !known;
    }

    /// Forces a directory's entries to the disk: without it a rename may be lost with the power.
    private static void force(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    /// The error that says where, and whether the store is full.
    IOException explained(IOException e) {
        String message = String.valueOf(e.getMessage());
        String where = "millrace.claim.directory = " + root + ": " + e;
        return FULL.stream().anyMatch(message::contains) || usable() < ROOM
                ? new StoreFullException(where, e)
                : new IOException(where, e);
    }

    private long usable() {
        try {
            return Files.getFileStore(root).getUsableSpace();
        } catch (IOException e) {
            // Then it is not known to be full: the first error says what is wrong.
            return Long.MAX_VALUE;
        }
    }

    @Override
    public void close() {
        incoming.close();
    }
}
