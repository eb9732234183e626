package dev.millrace.producer.unpack;

import java.util.concurrent.atomic.AtomicLong;

/// What the unpackers of all requests hold together: mostly windows of zstd, outside the heap, for as long as their
/// requests last. They have a bound of their own, for what holds no document is not to keep documents waiting.
///
/// Thread-safe.
public final class UnpackingRoom {
    private final long mostBytes;
    private final AtomicLong held = new AtomicLong();

    public UnpackingRoom(long mostBytes) {
        this.mostBytes = mostBytes;
    }

    /// Bytes that are held.
    public long held() {
        return held.get();
    }

    /// The share of one unpacker; none yet.
    Share share() {
        return new Share();
    }

    /// Not thread-safe, but may move from one thread to another.
    final class Share implements AutoCloseable {
        private long bytes;

        /// Makes the share as large as that, unless it is.
        ///
        /// @throws BrokenPackingException where there is no room for it
        void atLeast(long wanted) throws BrokenPackingException {
            long more = wanted - bytes;
            if (more <= 0) {
                return;
            }
            if (held.addAndGet(more) > mostBytes) {
                held.addAndGet(-more);
                throw BrokenPackingException.noRoom(
                        "takes " + wanted + " bytes to unpack, which millrace.api.max-unpacking = " + mostBytes
                                + " has not left at the moment");
            }
            bytes = wanted;
        }

        /// Gives it back.
        @Override
        public void close() {
            held.addAndGet(-bytes);
            bytes = 0;
        }
    }
}
