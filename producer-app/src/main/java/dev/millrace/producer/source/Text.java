package dev.millrace.producer.source;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.producer.document.Admission;
import dev.millrace.producer.document.DocumentReader;
import dev.millrace.producer.document.Fault;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// A text that is no JSON, as the document that JSON would make of it.
final class Text {
    private static final ObjectMapper JSON = new ObjectMapper();

    private Text() {}

    /// @param utf8 the text
    /// @param source where it lies
    static Admission admit(byte[] utf8, Optional<String> id, String source, DocumentReader reader) {
        if (utf8.length > reader.maxBytes()) {
            return reader.tooLarge();
        }
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        try {
            json.put(
                    "text",
                    StandardCharsets.UTF_8
                            .newDecoder()
                            .decode(ByteBuffer.wrap(utf8))
                            .toString());
        } catch (CharacterCodingException e) {
            return new Admission.Rejected(Fault.ENCODING, "", 1, 1, "is not UTF-8");
        }
        id.ifPresent(name -> json.put("id", name));
        json.put("source", source);
        return reader.read(json.toString().getBytes(StandardCharsets.UTF_8));
    }

    /// What a JSON object has under a name, where it is a text or a whole number.
    static Optional<String> member(byte[] json, String name) {
        try {
            return Optional.of(JSON.readTree(json))
                    .map(tree -> tree.get(name))
                    .filter(value -> value.isTextual() || value.isIntegralNumber())
                    .map(JsonNode::asText)
                    .filter(value -> !value.isEmpty());
        } catch (IOException e) {
            // Then it is metadata of another kind.
            return Optional.empty();
        }
    }
}
