package dev.millrace.producer.unpack;

import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;

/// A packed file unpacked to its very end, for those who can wait.
///
/// The streams of `java.util.zip` and of zstd-jni take some damage at the beginning of a later member, or frame, for
/// the end of the file: the rest would be lost, and nobody told.
public final class UnpackedStream extends InputStream {
    /// What `zstd` itself grants where it is not told otherwise.
    private static final long MAX_WINDOW = 128 << 20;

    /// Files are read one after another: the window is limit enough.
    private static final UnpackingRoom ITS_OWN = new UnpackingRoom(Long.MAX_VALUE);

    private static final byte[] NOTHING = {};

    private final InputStream in;
    private final Unpacker unpacker;
    private byte[] piece = NOTHING;
    private int at;
    private boolean begun;
    private boolean ended;

    private UnpackedStream(InputStream in, Unpacker unpacker) {
        this.in = in;
        this.unpacker = unpacker;
    }

    /// @param in packed; closed with this
    public static InputStream gzip(InputStream in) {
        return new UnpackedStream(in, new GzipUnpacker(ITS_OWN.share()));
    }

    /// @param in packed; closed with this
    public static InputStream zstd(InputStream in) {
        return new UnpackedStream(in, new ZstdUnpacker(MAX_WINDOW, ITS_OWN.share()));
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, bytes.length);
        while (at == piece.length && !ended) {
            unpack();
        }
        int count = Math.min(length, piece.length - at);
        System.arraycopy(piece, at, bytes, offset, count);
        at += count;
        return count == 0 && length > 0 ? -1 : count;
    }

    private void unpack() throws IOException {
        try {
            piece = unpacker.next();
            at = 0;
            if (piece.length == 0) {
                feed();
            }
        } catch (BrokenPackingException e) {
            throw new IOException("it " + e.reason(), e);
        }
    }

    private void feed() throws IOException, BrokenPackingException {
        byte[] packed = in.readNBytes(Unpacker.PIECE);
        if (packed.length > 0) {
            begun = true;
            unpacker.feed(packed);
            return;
        }
        if (!begun) {
            throw new IOException("it is empty, and so not packed");
        }
        unpacker.end();
        ended = true;
    }

    @Override
    public void close() throws IOException {
        unpacker.close();
        in.close();
    }
}
