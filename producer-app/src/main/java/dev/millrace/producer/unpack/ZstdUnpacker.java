package dev.millrace.producer.unpack;

import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import java.nio.ByteBuffer;
import java.util.OptionalLong;

/// Zstandard (RFC 8878), frames that follow each other included.
///
/// What it holds depends on the frames: the largest window that one of their headers asked for.
final class ZstdUnpacker implements Unpacker {
    /// RFC 9659 allows 8 MiB in HTTP.
    static final long MAX_WINDOW_IN_HTTP = 8 << 20;

    /// The library's own: blocks and tables.
    private static final long STATE = 256 << 10;

    private final long maxWindow;
    private final UnpackingRoom.Share share;
    private final ZstdDecompressCtx zstd = new ZstdDecompressCtx();
    /// What is next to be unpacked; a copy, for the library takes no array.
    private final ByteBuffer source = ByteBuffer.allocateDirect(PIECE).flip();
    private final ByteBuffer target = ByteBuffer.allocateDirect(PIECE);
    private byte[] packed = {};
    private int at;
    private boolean inFrame;
    private boolean full;

    /// @param maxWindow bytes that a frame may ask for
    /// @param share grows with what the frames ask for, and is given back when this is closed
    ZstdUnpacker(long maxWindow, UnpackingRoom.Share share) {
        this.maxWindow = maxWindow;
        this.share = share;
    }

    @Override
    public void feed(byte[] bytes) {
        packed = bytes;
        at = 0;
    }

    @Override
    public byte[] next() throws BrokenPackingException {
        share.atLeast(STATE + 2L * PIECE);
        while (true) {
            refill();
            boolean ready = inFrame ? source.hasRemaining() || full : begins();
            if (!ready) {
                return new byte[0];
            }
            target.clear();
            try {
                inFrame = !zstd.decompressDirectByteBufferStream(target, source);
            } catch (ZstdException e) {
                throw new BrokenPackingException("is damaged: its zstd cannot be unpacked any further");
            }
            full = !target.hasRemaining() && inFrame;
            if (target.position() > 0) {
                byte[] piece = new byte[target.flip().limit()];
                target.get(piece);
                return piece;
            }
        }
    }

    private void refill() {
        if (at < packed.length) {
            source.compact();
            int size = Math.min(source.remaining(), packed.length - at);
            source.put(packed, at, size).flip();
            at += size;
        }
    }

    /// Whether the header of the next frame is there.
    private boolean begins() throws BrokenPackingException {
        if (!source.hasRemaining()) {
            return false;
        }
        OptionalLong asked = ZstdFrame.window(source);
        if (asked.isEmpty()) {
            return false;
        }
        if (asked.getAsLong() > maxWindow) {
            throw new BrokenPackingException("needs a zstd window of " + asked.getAsLong() + " bytes; it may be "
                    + maxWindow + (maxWindow == MAX_WINDOW_IN_HTTP ? " in HTTP (RFC 9659)" : ""));
        }
        share.atLeast(STATE + 2L * PIECE + asked.getAsLong());
        inFrame = true;
        return true;
    }

    @Override
    public void end() throws BrokenPackingException {
        if (inFrame || source.hasRemaining()) {
            throw new BrokenPackingException("breaks off: its zstd has no end");
        }
    }

    @Override
    public void close() {
        zstd.close();
        share.close();
    }
}
