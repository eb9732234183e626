package dev.millrace.producer.source;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;

/// A file whose errors say which file it is and where in it they are met.
final class NamedStream extends FilterInputStream {
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
        try {
            long skipped = super.skip(count);
            at += skipped;
            return skipped;
        } catch (IOException e) {
            throw failed(e);
        }
    }

    private IOException failed(IOException e) {
        return new IOException(path + " cannot be read past byte " + at + " (unpacked): " + e.getMessage(), e);
    }
}
