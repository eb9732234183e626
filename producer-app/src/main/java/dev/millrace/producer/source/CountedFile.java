package dev.millrace.producer.source;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/// A file that knows how much of it was read.
final class CountedFile extends FilterInputStream {
    private long count;

    CountedFile(InputStream in) {
        super(in);
    }

    long count() {
        return count;
    }

    @Override
    public int read() throws IOException {
        int one = super.read();
        count += one < 0 ? 0 : 1;
        return one;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        int read = super.read(bytes, offset, length);
        count += Math.max(0, read);
        return read;
    }

    @Override
    public long skip(long bytes) throws IOException {
        long skipped = super.skip(bytes);
        count += skipped;
        return skipped;
    }
}
