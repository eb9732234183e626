package dev.millrace.producer.document;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// Which bytes are a text.
final class PlainText {
    private PlainText() {}

    /// The document of a text that has no lines of ours.
    static Admission admit(Document document, byte[] bytes, QualityRules quality) {
        Optional<String> fault = fault(bytes);
        return fault.isPresent()
                ? Admission.Rejected.nowhere(Fault.ENCODING, "", fault.get())
                : quality.admit(
                        document,
                        new String(bytes, StandardCharsets.UTF_8),
                        poor -> Admission.Rejected.nowhere(poor.fault(), "", poor.reason()));
    }

    /// What keeps bytes from being one, if something does; for people.
    static Optional<String> fault(byte[] bytes) {
        String text;
        try {
            text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            return Optional.of("is not UTF-8");
        }
        if (text.startsWith("\uFEFF")) {
            return Optional.of("begins with a byte order mark");
        }
        // UTF-16 without its mark would pass for UTF-8.
        return text.indexOf('\0') < 0 ? Optional.empty() : Optional.of("holds a NUL");
    }
}
