package dev.millrace.producer.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// A file in `incoming` that becomes an object.
final class DirectoryUpload implements ObjectStore.Upload {
    private static final Logger LOG = Logger.getLogger(DirectoryUpload.class);

    private final DirectoryStore store;
    private final Path file;
    private final FileChannel channel;
    private final MessageDigest digest;
    private long length;
    private @Nullable ObjectReference sealed;
    private boolean committed;

    /// @param file not there yet
    DirectoryUpload(DirectoryStore store, Path file) throws IOException {
        this.store = store;
        this.file = file;
        this.channel = FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW);
        try {
            this.digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    @Override
    public void write(byte[] bytes, int offset, int count) throws IOException {
        ByteBuffer rest = ByteBuffer.wrap(bytes, offset, count);
        try {
            while (rest.hasRemaining()) {
                var _ = channel.write(rest);
            }
        } catch (IOException e) {
            throw store.explained(e);
        }
        digest.update(bytes, offset, count);
        length += count;
    }

    @Override
    public ObjectReference seal() throws IOException {
        try {
            channel.force(true);
            // A body may hold many media: none keeps a file open longer than it must.
            channel.close();
        } catch (IOException e) {
            throw store.explained(e);
        }
        ObjectReference object = new ObjectReference(HexFormat.of().formatHex(digest.digest()), length);
        sealed = object;
        return object;
    }

    @Override
    public boolean commit() throws IOException {
        ObjectReference object = sealed;
        if (object == null) {
            throw new IllegalStateException("only what is sealed can be committed");
        }
        try {
            boolean added = store.adopt(file, object);
            committed = true;
            return added;
        } catch (IOException e) {
            throw store.explained(e);
        }
    }

    @Override
    public void close() {
        if (committed) {
            return;
        }
        try {
            channel.close();
            var _ = Files.deleteIfExists(file);
        } catch (IOException e) {
            // The next process that opens the store clears it away.
            LOG.warnf("%s cannot be deleted: %s", file, e);
        }
    }
}
