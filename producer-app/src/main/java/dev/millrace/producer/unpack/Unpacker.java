package dev.millrace.producer.unpack;

/// Unpacks what it is fed, as far as its caller asks: neither side ever waits for the other.
///
/// Not thread-safe, but may move from one thread to another.
interface Unpacker extends AutoCloseable {
    /// The most that is unpacked at once, in bytes.
    int PIECE = 1 << 16;

    /// Gives the next packed bytes; only when [#next] has come to the end of those before. Not copied.
    void feed(byte[] packed);

    /// Unpacks the next piece.
    ///
    /// @return the taker's own; empty where more has to be fed first
    /// @throws BrokenPackingException where the bytes are not what they should be
    byte[] next() throws BrokenPackingException;

    /// The body has ended.
    ///
    /// @throws BrokenPackingException where something is missing
    void end() throws BrokenPackingException;

    /// Never throws.
    @Override
    void close();
}
