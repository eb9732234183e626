package dev.millrace.producer.document;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;

/// Signs that a text was decoded wrongly before it came here.
public enum EncodingDamage {
    /// U+FFFD stands where characters were lost.
    REPLACEMENT_CHARACTERS("U+FFFD"),
    /// Control characters other than tab and line ends, or code points that are no characters.
    CONTROL_CHARACTERS("control characters"),
    /// UTF-8 that was read as Windows-1252: `Ã¤` for `ä`.
    MOJIBAKE("UTF-8 read as Windows-1252");

    /// One such sequence may be meant: `É…` is one.
    private static final int LEAST_SEQUENCES = 2;
    /// In a text that was read wrongly all that is not ASCII is of such sequences, but for what was lost on the way.
    private static final double LEAST_SHARE = 0.75;

    /// The byte that Windows-1252 (or ISO 8859-1, where that has none) reads as a character; 0: none does.
    private static final byte[] BYTES = bytes();

    private final String text;

    EncodingDamage(String text) {
        this.text = text;
    }

    /// As it stands in headers, reports and metrics.
    public String tag() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /// For people.
    public String text() {
        return text;
    }

    /// The gravest sign in a text, if it has any.
    static Optional<EncodingDamage> find(String text) {
        boolean control = false;
        for (int i = 0; i < text.length(); i++) {
            char each = text.charAt(i);
            if (each == '\uFFFD') {
                return Optional.of(REPLACEMENT_CHARACTERS);
            }
            control |= isNoCharacter(each);
        }
        // C1 controls are also what ISO 8859-1 makes of UTF-8: that says more.
        if (isMojibake(text)) {
            return Optional.of(MOJIBAKE);
        }
        return control ? Optional.of(CONTROL_CHARACTERS) : Optional.empty();
    }

    private static boolean isNoCharacter(char each) {
        boolean format = each == '\t' || each == '\n' || each == '\r' || each == '\f' || each == '\u0085';
        return (Character.isISOControl(each) && !format) || each == '\uFFFE' || each == '\uFFFF';
    }

    private static boolean isMojibake(String text) {
        int sequences = 0;
        int inSequences = 0;
        int notAscii = 0;
        for (int i = 0; i < text.length(); ) {
            if (text.charAt(i) < 0x80) {
                i++;
                continue;
            }
            int length = sequenceAt(text, i);
            sequences += length > 0 ? 1 : 0;
            inSequences += length;
            notAscii += Math.max(1, length);
            i += Math.max(1, length);
        }
        return sequences >= LEAST_SEQUENCES && inSequences >= LEAST_SHARE * notAscii;
    }

    /// How many characters from here on are, as bytes, one character of UTF-8; 0 where they are not.
    private static int sequenceAt(String text, int at) {
        int lead = byteOf(text.charAt(at));
        int length = lengthAfter(lead);
        if (length == 0 || at + length > text.length()) {
            return 0;
        }
        for (int i = 1; i < length; i++) {
            int next = byteOf(text.charAt(at + i));
            if (next < 0x80 || next > 0xBF) {
                return 0;
            }
        }
        return length;
    }

    /// Bytes of the character of UTF-8 that begins with one; 0 where none does.
    private static int lengthAfter(int lead) {
        if (lead < 0xC2 || lead > 0xF4) {
            return 0;
        }
        return lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    }

    private static int byteOf(char each) {
        return each < BYTES.length ? BYTES[each] & 0xFF : 0;
    }

    private static byte[] bytes() {
        byte[] table = new byte[0x2123];
        for (int i = 0x80; i <= 0xFF; i++) {
            table[i] = (byte) i;
        }
        Charset windows = Charset.forName("windows-1252");
        for (int i = 0x80; i <= 0x9F; i++) {
            try {
                CharBuffer decoded = windows.newDecoder().decode(ByteBuffer.wrap(new byte[] {(byte) i}));
                table[decoded.charAt(0)] = (byte) i;
            } catch (CharacterCodingException e) {
                // Five bytes have no character there; ISO 8859-1 has, above.
                Arrays.fill(table, i, i + 1, (byte) i);
            }
        }
        return table;
    }
}
