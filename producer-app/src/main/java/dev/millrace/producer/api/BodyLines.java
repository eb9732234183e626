package dev.millrace.producer.api;

import dev.millrace.producer.document.Admission;
import dev.millrace.producer.document.LineSplitter;
import dev.millrace.producer.unpack.Unpacking;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The body of a stream as lines: what comes is unpacked piece by piece, and each piece cut into lines.
///
/// Not thread-safe, but may move from one thread to another.
final class BodyLines implements AutoCloseable {
    /// More bytes of the unpacked body than this, and the lines so far are handed on: a buffer that is not packed has
    /// at most as many, and is found to be the last.
    private static final int ENOUGH = 1 << 16;

    private final Unpacking unpacking;
    private final LineSplitter splitter;
    private boolean hungry = true;

    BodyLines(Unpacking unpacking, int maxLine) {
        this.unpacking = unpacking;
        this.splitter = new LineSplitter(maxLine);
    }

    /// Some lines.
    ///
    /// @param last whether none follow
    /// @param broken why not, where the body is damaged; the line that was begun is lost with them
    record Some(List<LineSplitter.Line> lines, boolean last, Optional<Admission.Rejected> broken) {}

    /// Gives the next bytes of the body, where the last piece left it [#hungry].
    void feed(byte[] bytes) {
        unpacking.feed(bytes);
        hungry = false;
    }

    /// The body has ended.
    void end() {
        unpacking.end();
        hungry = false;
    }

    /// Whether there is nothing more before the next [#feed].
    boolean hungry() {
        return hungry;
    }

    /// The next lines: those of a piece of the unpacked body, or of several small ones.
    Some next() {
        List<LineSplitter.Line> lines = new ArrayList<>();
        int taken = 0;
        while (!hungry && taken <= ENOUGH) {
            switch (unpacking.next()) {
                case Unpacking.Bytes piece -> {
                    taken += piece.bytes().length;
                    splitter.feed(piece.bytes(), 0, piece.bytes().length, lines::add);
                }
                case Unpacking.Piece.Hungry _ -> hungry = true;
                case Unpacking.Piece.End _ -> {
                    splitter.end(lines::add);
                    return new Some(lines, true, Optional.empty());
                }
                case Unpacking.Piece.Broken no -> {
                    return new Some(lines, true, Optional.of(rejected(no)));
                }
            }
        }
        return new Some(lines, false, Optional.empty());
    }

    private Admission.Rejected rejected(Unpacking.Piece.Broken no) {
        int line = (int) Math.min(Integer.MAX_VALUE, splitter.lines() + 1);
        return new Admission.Rejected(no.fault(), "", line, 1, "the body " + no.reason());
    }

    /// Lines that have ended.
    long ended() {
        return splitter.lines();
    }

    /// Bytes that are held of the line after those.
    int partial() {
        return splitter.held();
    }

    @Override
    public void close() {
        unpacking.close();
    }
}
