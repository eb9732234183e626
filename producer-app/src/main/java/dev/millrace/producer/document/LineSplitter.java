package dev.millrace.producer.document;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
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
    private ByteArrayOutputStream partial = new ByteArrayOutputStream();
    private long begin;
    private long at;
    private long number;
    private boolean overlong;

    /// @param maxBytes of a line
    public LineSplitter(int maxBytes) {
        this(maxBytes, 0);
    }

    /// @param linesBefore lines that lie before the stream
    public LineSplitter(int maxBytes, long linesBefore) {
        this.maxBytes = maxBytes;
        this.number = linesBefore;
    }

    /// A line of the stream.
    public sealed interface Line {
        /// Bytes of the stream up to and including this line.
        long end();

        /// Its number, from 1; blank lines count.
        long number();
    }

    /// A line within the limit.
    public static final class Whole implements Line {
        private final byte[] bytes;
        private final long end;
        private final long number;

        Whole(byte[] bytes, long end, long number) {
            this.bytes = bytes;
            this.end = end;
            this.number = number;
        }

        /// Its bytes, without line ending. The taker's own.
        public byte[] bytes() {
            return bytes;
        }

        @Override
        public long end() {
            return end;
        }

        @Override
        public long number() {
            return number;
        }
    }

    /// A line past the limit.
    public record Overlong(long end, long number) implements Line {}

    /// Takes the next bytes of the stream.
    public void feed(byte[] bytes, int offset, int length, Consumer<Line> lines) {
        int start = offset;
        for (int i = offset; i < offset + length; i++) {
            if (bytes[i] == '\n') {
                at = begin + (i - start) + 1;
                begin = at;
                if (partial.size() == 0 && !overlong) {
                    emit(bytes, start, i - start, lines);
                } else {
                    hold(bytes, start, i - start);
                    emitHeld(lines);
                }
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
        emitHeld(lines);
    }

    /// Lines that have ended; blank ones count.
    public long lines() {
        return number;
    }

    /// Bytes of the line that has not ended yet.
    public int held() {
        return partial.size();
    }

    private void hold(byte[] bytes, int offset, int length) {
        // One more than the limit: a carriage return may still go.
        if (partial.size() + length > maxBytes + 1L) {
            overlong = true;
            release();
        }
        if (!overlong) {
            partial.write(bytes, offset, length);
        }
    }

    private void emitHeld(Consumer<Line> lines) {
        if (overlong) {
            overlong = false;
            number++;
            lines.accept(new Overlong(at, number));
            return;
        }
        byte[] line = partial.toByteArray();
        release();
        emit(line, 0, line.length, lines);
    }

    /// Emptied alone, it would keep as much memory as the longest line took, for as long as the stream is open.
    private void release() {
        partial = new ByteArrayOutputStream();
    }

    private void emit(byte[] bytes, int offset, int length, Consumer<Line> lines) {
        number++;
        int size = length > 0 && bytes[offset + length - 1] == '\r' ? length - 1 : length;
        if (size > maxBytes) {
            lines.accept(new Overlong(at, number));
        } else if (!blank(bytes, offset, size)) {
            lines.accept(new Whole(Arrays.copyOfRange(bytes, offset, offset + size), at, number));
        }
    }

    private static boolean blank(byte[] bytes, int offset, int size) {
        for (int i = offset; i < offset + size; i++) {
            if (!Character.isWhitespace(bytes[i])) {
                return false;
            }
        }
        return true;
    }
}
