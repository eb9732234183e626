package dev.millrace.producer.unpack;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.OptionalLong;

/// The header of a Zstandard frame (RFC 8878, 3.1.1.1), as far as it says what memory the frame needs.
final class ZstdFrame {
    private static final int MAGIC = 0xFD2FB528;
    private static final int SKIPPABLE_MAGIC = 0x184D2A50;
    private static final int SKIPPABLE_MASK = 0xFFFFFFF0;
    private static final int[] DICTIONARY_BYTES = {0, 1, 2, 4};

    private ZstdFrame() {}

    /// Bytes of window that the frame at the position of `source` asks for; empty while its header is not there
    /// whole. The position stays.
    static OptionalLong window(ByteBuffer source) throws BrokenPackingException {
        ByteBuffer head = source.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        if (head.remaining() < 5) {
            return OptionalLong.empty();
        }
        int magic = head.getInt();
        if ((magic & SKIPPABLE_MASK) == SKIPPABLE_MAGIC) {
            return OptionalLong.of(0);
        }
        if (magic != MAGIC) {
            throw new BrokenPackingException("is not zstd");
        }
        int descriptor = head.get() & 0xFF;
        boolean contentIsWindow = (descriptor & 0x20) != 0;
        return contentIsWindow ? contentSize(head, descriptor) : windowSize(head);
    }

    private static OptionalLong windowSize(ByteBuffer head) {
        if (!head.hasRemaining()) {
            return OptionalLong.empty();
        }
        int packed = head.get() & 0xFF;
        long base = 1L << (10 + (packed >> 3));
        return OptionalLong.of(base + base / 8 * (packed & 7));
    }

    private static OptionalLong contentSize(ByteBuffer head, int descriptor) {
        int form = descriptor >> 6;
        int before = DICTIONARY_BYTES[descriptor & 3];
        if (head.remaining() < before + (1 << form)) {
            return OptionalLong.empty();
        }
        head.position(head.position() + before);
        long size = switch (form) {
            case 0 -> head.get() & 0xFF;
            case 1 -> (head.getShort() & 0xFFFF) + 256;
            case 2 -> head.getInt() & 0xFFFF_FFFFL;
            default -> head.getLong();
        };
        // Past the largest long it would be negative.
        return OptionalLong.of(size < 0 ? Long.MAX_VALUE : size);
    }
}
