package dev.millrace.producer.unpack;

/// Hands on what is not packed.
final class PlainUnpacker implements Unpacker {
    private static final byte[] NOTHING = {};

    private byte[] bytes = NOTHING;

    @Override
    public void feed(byte[] packed) {
        bytes = packed;
    }

    @Override
    public byte[] next() {
        byte[] piece = bytes;
        bytes = NOTHING;
        return piece;
    }

    @Override
    public void end() {
        // Whatever comes is whole.
    }

    @Override
    public void close() {
        // Holds nothing of the system's.
    }
}
