package dev.millrace.trainer.intake;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;

/// Reads the wire record, which `producer-app` writes and which the golden files in `contract/` fix for both.
///
/// The header `content-type` says what the value is: JSON, whose `text` is the document; a plain text; a container of
/// text and media, of which the text is trained; or a medium, or a claim to one, which this trainer cannot use.
/// Pure and thread-safe.
public final class DocumentDecoder {
    /// Which text a record gives, and which records give none: another number wherever that changes, for a run
    /// must not go on with other documents than it began with.
    public static final int CONTRACT = 1;

    static final String CONTENT_TYPE = "content-type";
    static final String ID = "id";
    private static final String JSON_TYPE = "application/json";
    private static final Set<String> CONTAINERS = Set.of("multipart/mixed", "multipart/form-data");
    private static final int MAX_NESTING = 64;

    private final int maxRecordBytes;
    private final JsonFactory json;

    public DocumentDecoder(int maxRecordBytes) {
        this.maxRecordBytes = maxRecordBytes;
        this.json = new JsonFactoryBuilder()
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .streamReadConstraints(StreamReadConstraints.builder()
                        .maxNestingDepth(MAX_NESTING)
                        .maxStringLength(Math.max(1, maxRecordBytes))
                        .build())
                .build();
    }

    /// Never throws for what a record holds: that is the answer.
    public Decoded decode(ConsumerRecord<byte[], byte[]> record) {
        byte @Nullable [] value = record.value();
        if (value == null) {
            return new Decoded.Bad("the record has no value");
        }
        if (value.length > maxRecordBytes) {
            return new Decoded.Bad("the value has " + value.length
                    + " bytes, more than millrace.intake.max-record-size = " + maxRecordBytes);
        }
        String given = header(record, CONTENT_TYPE).orElse(JSON_TYPE);
        String contentType = essence(given);
        if (contentType.equals(JSON_TYPE)) {
            return decodeJson(value);
        }
        if (contentType.equals("text/plain")) {
            return decodeText(value, record);
        }
        if (contentType.equals(Claim.TYPE)) {
            return decodeClaim(value);
        }
        return CONTAINERS.contains(contentType)
                ? decodeContainer(value, given, record)
                : new Decoded.Unusable(contentType);
    }

    private static Decoded decodeContainer(byte[] value, String contentType, ConsumerRecord<byte[], byte[]> record) {
        Optional<byte[]> text = MultipartText.of(value, contentType);
        if (text.isEmpty()) {
            return new Decoded.Bad("the value is not the multipart that its content-type says");
        }
        return text.get().length == 0 ? new Decoded.Unusable(essence(contentType)) : decodeText(text.get(), record);
    }

    private Decoded decodeClaim(byte[] value) {
        return Claim.contentType(value, json)
                .<Decoded>map(medium -> new Decoded.Unusable(essence(medium)))
                .orElseGet(() -> new Decoded.Bad("the value is not the claim to a medium that its content-type says"));
    }

    private static Decoded decodeText(byte[] text, ConsumerRecord<byte[], byte[]> record) {
        if (!isUtf8(text)) {
            return new Decoded.Bad("the text is not UTF-8");
        }
        return text.length == 0
                ? new Decoded.Bad("the text is empty")
                : new Decoded.Usable(new Document(new String(text, StandardCharsets.UTF_8), header(record, ID)));
    }

    private Decoded decodeJson(byte[] value) {
        if (!isUtf8(value)) {
            return new Decoded.Bad("the value is not UTF-8");
        }
        try (JsonParser parser = json.createParser(value)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return new Decoded.Bad("the value is not a JSON object");
            }
            String text = null;
            String id = null;
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String field = parser.currentName();
                JsonToken token = parser.nextToken();
                if (field.equals("text")) {
                    if (token != JsonToken.VALUE_STRING) {
                        return new Decoded.Bad("'text' is not a string");
                    }
                    text = parser.getText();
                } else if (field.equals("id")
                        && (token == JsonToken.VALUE_STRING || token == JsonToken.VALUE_NUMBER_INT)) {
                    id = parser.getText();
                } else {
                    parser.skipChildren();
                }
            }
            if (parser.nextToken() != null) {
                return new Decoded.Bad("something follows the JSON object");
            }
            if (text == null) {
                return new Decoded.Bad("the JSON object has no 'text'");
            }
            return text.isEmpty()
                    ? new Decoded.Bad("'text' is empty")
                    : new Decoded.Usable(new Document(text, Optional.ofNullable(id)));
        } catch (JacksonException e) {
            // The message without its source excerpt: contents do not belong in headers and logs.
            return new Decoded.Bad("broken JSON at line " + line(e) + ", column " + column(e));
        } catch (IOException e) {
            throw new UncheckedIOException("reading from memory failed", e);
        }
    }

    private static int line(JacksonException e) {
        return e.getLocation() == null ? 0 : e.getLocation().getLineNr();
    }

    private static int column(JacksonException e) {
        return e.getLocation() == null ? 0 : e.getLocation().getColumnNr();
    }

    private static boolean isUtf8(byte[] value) {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(value));
            // UTF-16 without its mark would pass for UTF-8, and the parser would follow it.
            return StandardCharsets.ISO_8859_1
                    .decode(ByteBuffer.wrap(value))
                    .chars()
                    .noneMatch(each -> each == 0);
        } catch (CharacterCodingException e) {
            return false;
        }
    }

    /// Absent content type means JSON: the article's own producer sends no headers.
    private static Optional<String> header(ConsumerRecord<byte[], byte[]> record, String name) {
        return Optional.ofNullable(record.headers().lastHeader(name))
                .map(Header::value)
                .map(value -> new String(value, StandardCharsets.UTF_8));
    }

    /// The type without its parameters.
    private static String essence(String contentType) {
        int parameters = contentType.indexOf(';');
        return (parameters < 0 ? contentType : contentType.substring(0, parameters))
                .strip()
                .toLowerCase(Locale.ROOT);
    }
}
