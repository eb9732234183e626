package dev.millrace.producer.document;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.millrace.producer.store.ObjectReference;
import java.nio.charset.StandardCharsets;

/// What lies on the log in place of a medium that is in the store.
///
/// @param object the medium
/// @param type that the client gave it
record Claim(ObjectReference object, MediaType type) {
    /// The media type of a claim. No body and no part that a client sends may have it: what a claim refers to was
    /// written by this producer.
    static final String TYPE = "application/vnd.millrace.claim+json";

    /// As it lies on the log; one line.
    byte[] json() {
        return JsonNodeFactory.instance
                .objectNode()
                .put("reference", object.key())
                .put("length", object.length())
                .put("sha256", object.sha256())
                .put("contentType", type.given())
                .toString()
                .getBytes(StandardCharsets.UTF_8);
    }

    /// The document of a medium alone.
    Document document(Names names) {
        return new Document(json(), TYPE, object.sha256(), names.id(), names.source());
    }
}
