package dev.millrace.producer.document;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Decides which bytes are a document: one JSON object in UTF-8, `text` required, `id`, `source` and `metadata`
/// optional.
///
/// Refused are: a field twice, anything after the object, a byte order mark, an empty text. Other fields are carried
/// along. Thread-safe.
public final class DocumentReader implements BodyReader {
    private static final Set<String> FIELDS = Set.of("text", "id", "source");
    private static final String JSON_TYPE = "application/json";
    private static final char REPLACEMENT = '\uFFFD';

    private final int maxBytes;
    private final int maxNameLength;
    private final JsonFactory json;
    private final QualityRules quality;

    public DocumentReader(int maxBytes, int maxNameLength, int maxNesting) {
        this(maxBytes, maxNameLength, maxNesting, QualityRules.NONE);
    }

    /// @param quality that texts must have
    public DocumentReader(int maxBytes, int maxNameLength, int maxNesting, QualityRules quality) {
        this.quality = quality;
        this.maxBytes = maxBytes;
        this.maxNameLength = maxNameLength;
        this.json = new JsonFactoryBuilder()
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                // Names are the clients', and many: nobody else's table is to hold them.
                .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                .streamReadConstraints(StreamReadConstraints.builder()
                        .maxNestingDepth(maxNesting)
                        .maxStringLength(maxBytes)
                        .build())
                .build();
    }

    /// As [#DocumentReader(int, int, int, QualityRules)], with what the settings say.
    public static DocumentReader of(DocumentLimits limits, QualityConfig quality) {
        return new DocumentReader(
                Math.toIntExact(limits.maxSize().asLongValue()),
                limits.maxNameLength(),
                limits.maxNesting(),
                QualityRules.of(quality));
    }

    /// The largest document in bytes.
    public int maxBytes() {
        return maxBytes;
    }

    @Override
    public Oversize oversize() {
        return new Oversize.Refused(tooLarge());
    }

    @Override
    public Admission read(byte[] bytes) {
        if (bytes.length > maxBytes) {
            return tooLarge();
        }
        String whole = new String(bytes, StandardCharsets.UTF_8);
        if (!isUtf8(bytes, whole)) {
            return new Admission.Rejected(Fault.ENCODING, "", 1, 1, "is not UTF-8");
        }
        if (bytes.length >= 3 && bytes[0] == (byte) 0xEF && bytes[1] == (byte) 0xBB && bytes[2] == (byte) 0xBF) {
            return new Admission.Rejected(Fault.ENCODING, "", 1, 1, "begins with a byte order mark");
        }
        try (JsonParser parser = json.createParser(bytes)) {
            // Bytes that are UTF-8 hold no unpaired surrogate; an escape may.
            return read(parser, bytes, whole.contains("\\u"));
        } catch (StreamConstraintsException e) {
            return rejected(Fault.NESTING, "", e.getLocation(), "nests too deep, or holds too long a number or name");
        } catch (JacksonException e) {
            // The original message quotes the content.
            return rejected(Fault.SYNTAX, "", e.getLocation(), "broken JSON");
        } catch (IOException e) {
            throw new UncheckedIOException("reading from memory failed", e);
        }
    }

    /// The answer to a document that is larger than may be.
    public Admission.Rejected tooLarge() {
        return new Admission.Rejected(
                Fault.TOO_LARGE, "", 1, 1, "is larger than millrace.documents.max-size = " + maxBytes + " bytes");
    }

    private Admission read(JsonParser parser, byte[] bytes, boolean escapes) throws IOException {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
            return rejected(Fault.SYNTAX, "", parser.currentTokenLocation(), "is not a JSON object");
        }
        String text = null;
        String id = null;
        String source = null;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String field = parser.currentName();
            JsonToken token = parser.nextToken();
            if (field.equals("metadata")) {
                if (token != JsonToken.START_OBJECT) {
                    return rejected(Fault.TYPE, field, parser.currentTokenLocation(), "is not an object");
                }
                parser.skipChildren();
                continue;
            }
            if (!FIELDS.contains(field)) {
                parser.skipChildren();
                continue;
            }
            boolean number = field.equals("id") && token == JsonToken.VALUE_NUMBER_INT;
            if (token != JsonToken.VALUE_STRING && !number) {
                return rejected(Fault.TYPE, field, parser.currentTokenLocation(), "is not a string");
            }
            String value = parser.getText();
            Admission.Rejected wrong = check(field, value, escapes, parser);
            if (wrong != null) {
                return wrong;
            }
            switch (field) {
                case "text" -> text = value;
                case "id" -> id = value;
                default -> source = value;
            }
        }
        JsonLocation end = parser.currentTokenLocation();
        if (parser.nextToken() != null) {
            return rejected(Fault.SYNTAX, "", parser.currentTokenLocation(), "goes on after the JSON object");
        }
        if (text == null) {
            return rejected(Fault.MISSING, "text", end, "is missing");
        }
        Document document = new Document(
                bytes, JSON_TYPE, ContentHash.of(text), Optional.ofNullable(id), Optional.ofNullable(source));
        return quality.admit(document, text, poor -> rejected(poor.fault(), "text", end, poor.reason()));
    }

    private Admission.@Nullable Rejected check(String field, String value, boolean escapes, JsonParser parser) {
        if (value.isEmpty()) {
            return rejected(Fault.EMPTY, field, parser.currentTokenLocation(), "is empty");
        }
        if (!field.equals("text") && value.length() > maxNameLength) {
            return rejected(
                    Fault.TOO_LONG,
                    field,
                    parser.currentTokenLocation(),
                    "is longer than millrace.documents.max-name-length = " + maxNameLength);
        }
        // An unpaired surrogate (a lone \\ud800) has no UTF-8: two such texts would share a hash.
        return !escapes || isWellFormed(value)
                ? null
                : rejected(Fault.ENCODING, field, parser.currentTokenLocation(), "has an unpaired surrogate");
    }

    private static boolean isWellFormed(String text) {
        int length = text.length();
        for (int i = 0; i < length; i++) {
            if (Character.isSurrogate(text.charAt(i))) {
                boolean pair = i + 1 < length && Character.isSurrogatePair(text.charAt(i), text.charAt(i + 1));
                if (!pair) {
                    return false;
                }
                i++;
            }
        }
        return true;
    }

    private static Admission.Rejected rejected(Fault fault, String field, @Nullable JsonLocation place, String reason) {
        return new Admission.Rejected(
                fault, field, place == null ? 1 : place.getLineNr(), place == null ? 1 : place.getColumnNr(), reason);
    }

    /// @param decoded the bytes, with a replacement character for what is not UTF-8
    private static boolean isUtf8(byte[] bytes, String decoded) {
        // UTF-16 without its mark would pass for UTF-8, and the parser would follow it; JSON has no raw NUL in UTF-8.
        if (decoded.indexOf('\0') >= 0) {
            return false;
        }
        return decoded.indexOf(REPLACEMENT) < 0 || isUtf8(bytes);
    }

    private static boolean isUtf8(byte[] bytes) {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
            return true;
        } catch (CharacterCodingException e) {
            return false;
        }
    }
}
