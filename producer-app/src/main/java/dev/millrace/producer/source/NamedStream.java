package dev.millrace.producer.source;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.file.Path;

/// A file whose errors say which file it is and where in it they are met. Who reads it can be interrupted: of a line
/// without end, or of what an earlier run has read, nothing is heard for a long time otherwise.
final class NamedStream extends FilterInputStream {
    /// That are skipped, so unpacked, before it is asked again whether to go on.
    private static final long MOST_SKIPPED = 16 << 20;

    private final Path path;
    private final CountedFile file;
    private long at;

    /// @param file as it lies on the disk
    /// @param in its bytes, unpacked
    NamedStream(Path path, CountedFile file, InputStream in) {
        super(in);
        this.path = path;
        this.file = file;
    }

    /// Bytes of the file, as it lies on the disk, that were read.
    long fileBytes() {
        return file.count();
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        requireUninterrupted();
        try {
            int count = super.read(bytes, offset, length);
            at += Math.max(0, count);
            return count;
        } catch (IOException e) {
            throw failed(e);
        }
    }

    @Override
    public long skip(long count) throws IOException {
        requireUninterrupted();
        try {
            long skipped = super.skip(Math.min(count, MOST_SKIPPED));
            at += skipped;
            return skipped;
        } catch (IOException e) {
            throw failed(e);
        }
    }

    private void requireUninterrupted() throws InterruptedIOException {
        if (Thread.currentThread().isInterrupted()) {
            throw new InterruptedIOException(path + " is not read any further: interrupted at byte " + at);
        }
    }

    private IOException failed(IOException e) {
        return new IOException(path + " cannot be read past byte " + at + " (unpacked): " + e.getMessage(), e);
    }
}
