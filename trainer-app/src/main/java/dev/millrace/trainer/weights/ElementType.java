package dev.millrace.trainer.weights;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;

/// The element types of safetensors that Millrace reads, and the first two of which it writes, each widened to what
/// Java and libtorch compute with.
enum ElementType {
    F32(4),
    BF16(2),
    F16(2),
    I64(8);

    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final int bytes;

    ElementType(int bytes) {
        this.bytes = bytes;
    }

    int bytes() {
        return bytes;
    }

    /// Fills `target` with elements from `first` on, as float32.
    void readFloats(MemorySegment data, long first, FloatBuffer target) {
        long offset = first * bytes;
        while (target.hasRemaining()) {
            target.put(
                    switch (this) {
                        case F32 -> data.get(FLOAT, offset);
                        case BF16 -> Float.intBitsToFloat(data.get(SHORT, offset) << Short.SIZE);
                        case F16 -> Float.float16ToFloat(data.get(SHORT, offset));
                        case I64 -> throw new IllegalStateException("I64 is not a floating point type");
                    });
            offset += bytes;
        }
    }

    /// Fills `target` with floats in this type, as many as there are in `source`.
    void writeFloats(FloatBuffer source, ByteBuffer target) {
        while (source.hasRemaining()) {
            switch (this) {
                case F32 -> target.putFloat(source.get());
                case BF16 -> target.putShort(toBfloat16(source.get()));
                case F16, I64 -> throw new IllegalStateException(this + " is not written");
            }
        }
    }

    /// The upper half of a float's bits, rounded to the nearest, of two to the even one. What is no number stays none.
    private static short toBfloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) ((bits >>> Short.SIZE) | 0x40);
        }
        int even = (bits >>> Short.SIZE) & 1;
        return (short) ((bits + 0x7fff + even) >>> Short.SIZE);
    }

    /// Fills `target` with elements from `first` on.
    void readInts(MemorySegment data, long first, IntBuffer target) {
        if (this != I64) {
            throw new IllegalStateException(this + " is not an integer type");
        }
        long offset = first * bytes;
        while (target.hasRemaining()) {
            target.put(Math.toIntExact(data.get(LONG, offset)));
            offset += bytes;
        }
    }
}
