package dev.millrace.producer.document;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/// Cuts a stream of bytes at line feeds, holding one line at most.
///
/// A carriage return before the line feed is taken off, a blank line is passed by (it has no index), and the last
/// line may lack its line feed. A line past the limit is not held: its bytes are dropped up to its end, and it is
/// told as overlong.
///
/// Not thread-safe.
public final class LineSplitter {
    private final int maxBytes;
    private final ByteArrayOutputStream partial = new ByteArrayOutputStream();
    private long begin;
    private long at;
    private boolean overlong;

    public LineSplitter(int maxBytes) {
        this.maxBytes = maxBytes;
    }

    /// A line of the stream.
    public sealed interface Line {
        /// Bytes of the stream up to and including this line.
        long end();
    }

    /// A line within the limit.
    public static final class Whole implements Line {
        private final byte[] bytes;
        private final long end;

        Whole(byte[] bytes, long end) {
            this.bytes = bytes;
            this.end = end;
        }

        /// Its bytes, without line ending. The taker's own.
        public byte[] bytes() {
            return bytes;
        }

        @Override
        public long end() {
            return end;
        }
    }

    /// A line past the limit.
    public record Overlong(long end) implements Line {}

    /// Takes the next bytes of the stream.
    public void feed(byte[] bytes, int offset, int length, Consumer<Line> lines) {
        int start = offset;
        for (int i = offset; i < offset + length; i++) {
            if (bytes[i] == '\n') {
                hold(bytes, start, i - start);
                at = begin + (i - start) + 1;
                begin = at;
                emit(lines);
                start = i + 1;
            }
        }
        int rest = offset + length - start;
        hold(bytes, start, rest);
        begin += rest;
        at = begin;
    }

    /// The stream has ended.
    public void end(Consumer<Line> lines) {
        emit(lines);
    }

    /// Bytes of the line that has not ended yet.
    public int held() {
        return partial.size();
    }

    private void hold(byte[] bytes, int offset, int length) {
        // One more than the limit: a carriage return may still go.
        if (partial.size() + length > maxBytes + 1L) {
            overlong = true;
            partial.reset();
        }
        if (!overlong) {
            partial.write(bytes, offset, length);
        }
    }

    private void emit(Consumer<Line> lines) {
        if (overlong) {
            overlong = false;
            lines.accept(new Overlong(at));
            return;
        }
        byte[] line = partial.toByteArray();
        partial.reset();
        int size = line.length > 0 && line[line.length - 1] == '\r' ? line.length - 1 : line.length;
        if (size > maxBytes) {
            lines.accept(new Overlong(at));
        } else if (!blank(line, size)) {
            lines.accept(new Whole(size == line.length ? line : java.util.Arrays.copyOf(line, size), at));
        }
    }

    private static boolean blank(byte[] line, int size) {
        return size == 0 || new String(line, 0, size, StandardCharsets.ISO_8859_1).isBlank();
    }
}
