package dev.millrace.producer.unpack;

import dev.millrace.producer.document.Fault;

/// The body of one request being unpacked: fed with what comes, asked for small pieces, so that neither a buffer nor a
/// body, however far it expands, is ever held unpacked as a whole.
///
/// A packed body may expand to [#FREE] bytes, and past that to so many times its size: more is a bomb.
///
/// Not thread-safe, but may move from one thread to another.
public final class Unpacking implements AutoCloseable {
    static final long FREE = 64 << 20;

    private final ContentCoding coding;
    private final Unpacker unpacker;
    private final int maxExpansion;
    private long packed;
    private long unpacked;
    private boolean ended;

    /// @param maxExpansion times the size of the packed body
    /// @param room that all share; what this one takes of it is given back when this is closed
    public Unpacking(ContentCoding coding, int maxExpansion, UnpackingRoom room) {
        this.coding = coding;
        this.unpacker = coding.open(room);
        this.maxExpansion = maxExpansion;
    }

    /// What came of a call for the next piece.
    public sealed interface Piece {
        /// More has to be fed.
        record Hungry() implements Piece {}

        /// The body is over.
        record End() implements Piece {}

        /// It cannot be unpacked any further.
        ///
        /// @param reason goes on after "the body"
        record Broken(Fault fault, String reason) implements Piece {}
    }

    /// Bytes of the body, unpacked. The taker's own.
    public static final class Bytes implements Piece {
        private final byte[] bytes;

        Bytes(byte[] bytes) {
            this.bytes = bytes;
        }

        public byte[] bytes() {
            return bytes;
        }
    }

    /// Gives the next bytes of the body; only when the last piece was [Piece.Hungry], or none was asked for.
    ///
    /// @param bytes not copied
    public void feed(byte[] bytes) {
        packed += bytes.length;
        unpacker.feed(bytes);
    }

    /// Whether there is anything to unpack: else pieces are what was fed.
    public boolean isPacked() {
        return coding != ContentCoding.IDENTITY;
    }

    /// The body has ended: what was fed is all.
    public void end() {
        ended = true;
    }

    /// The next piece.
    public Piece next() {
        try {
            byte[] piece = unpacker.next();
            unpacked += piece.length;
            if (isPacked() && unpacked > FREE && unpacked / maxExpansion > packed) {
                return new Piece.Broken(
                        Fault.TOO_LARGE,
                        "unpacks to more than millrace.api.max-expansion = " + maxExpansion + " times its size");
            }
            if (piece.length > 0) {
                return new Bytes(piece);
            }
            if (!ended) {
                return new Piece.Hungry();
            }
            unpacker.end();
            return new Piece.End();
        } catch (BrokenPackingException e) {
            return new Piece.Broken(e.fault(), e.reason());
        }
    }

    @Override
    public void close() {
        unpacker.close();
    }
}
