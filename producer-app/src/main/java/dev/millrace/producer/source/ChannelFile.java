package dev.millrace.producer.source;

import dev.hardwood.InputFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// An open file for the reader of Parquet, which left to itself opens it by its name once more.
///
/// Mapped, so that what is read is no memory of ours: whole, or piece by piece where a buffer cannot be so large.
/// Thread-safe; whoever opened the channel closes it.
final class ChannelFile implements InputFile {
    private final FileChannel channel;
    private final String name;
    private final long length;
    private final @Nullable MappedByteBuffer whole;

    ChannelFile(FileChannel channel, String name) throws IOException {
        this.channel = channel;
        this.name = name;
        this.length = channel.size();
        this.whole = length <= Integer.MAX_VALUE ? channel.map(FileChannel.MapMode.READ_ONLY, 0, length) : null;
    }

    @Override
    public void open() {
        // It is.
    }

    @Override
    public ByteBuffer readRange(long offset, int size) throws IOException {
        // To map more than there is would end the process when it is read.
        Objects.checkFromIndexSize(offset, size, length);
        return whole != null
                ? whole.slice((int) offset, size)
                : channel.map(FileChannel.MapMode.READ_ONLY, offset, size);
    }

    @Override
    public long length() {
        return length;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public void close() {
        // Whoever opened it does.
    }
}
