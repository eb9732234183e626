package dev.millrace.producer.store;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;

/// A store in memory: as much of one as a bucket is, with keys and no directories. Not thread-safe.
public final class MemoryStore implements ObjectStore {
    private final Map<String, byte[]> committed = new HashMap<>();
    private int open;
    private long failAfter = Long.MAX_VALUE;

    /// Objects, by their keys.
    public Map<String, byte[]> committed() {
        return committed;
    }

    /// Uploads that were not closed.
    public int open() {
        return open;
    }

    /// Takes no more than so many bytes of an object.
    public void failAfter(long bytes) {
        failAfter = bytes;
    }

    @Override
    public Upload begin() {
        open++;
        return new Upload() {
            private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

            @Override
            public void write(byte[] content, int offset, int length) throws IOException {
                if (bytes.size() + length > failAfter) {
                    throw new IOException("the store fails");
                }
                bytes.write(content, offset, length);
            }

            @Override
            public ObjectReference seal() {
                try {
                    byte[] hash = MessageDigest.getInstance("SHA-256").digest(bytes.toByteArray());
                    return new ObjectReference(HexFormat.of().formatHex(hash), bytes.size());
                } catch (NoSuchAlgorithmException e) {
                    throw new IllegalStateException(e);
                }
            }

            @Override
            public boolean commit() {
                return committed.putIfAbsent(seal().key(), bytes.toByteArray()) == null;
            }

            @Override
            public void close() {
                open--;
            }
        };
    }

    @Override
    public void close() {
        // Nothing remains anyway.
    }
}
