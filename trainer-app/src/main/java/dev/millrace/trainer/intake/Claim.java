package dev.millrace.trainer.intake;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What lies on the log in place of a medium that was too large for it: where the medium is in the producer's store.
///
/// It is held against its form only. No model reads media yet, so none is fetched, and a store that is away or lacks
/// an object keeps nothing from being trained.
final class Claim {
    static final String TYPE = "application/vnd.millrace.claim+json";

    private static final Pattern SHA256 = Pattern.compile("([0-9a-f]{2})([0-9a-f]{2})[0-9a-f]{60}");
    private static final Pattern LENGTH = Pattern.compile("[0-9]{1,18}");

    private Claim() {}

    /// @return the media type of what it refers to; empty where it is no claim
    static Optional<String> contentType(byte[] value, JsonFactory json) {
        Map<String, String> members = members(value, json);
        Matcher sha256 = SHA256.matcher(members.getOrDefault("sha256", ""));
        boolean good = sha256.matches()
                && (sha256.group(1) + "/" + sha256.group(2) + "/" + sha256.group()).equals(members.get("reference"))
                && LENGTH.matcher(members.getOrDefault("length", "")).matches();
        return good
                ? Optional.ofNullable(members.get("contentType")).filter(type -> type.contains("/"))
                : Optional.empty();
    }

    /// Texts and whole numbers of one object; none where the value is anything else.
    private static Map<String, String> members(byte[] value, JsonFactory json) {
        Map<String, String> members = new HashMap<>();
        try (JsonParser parser = json.createParser(value)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return Map.of();
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                JsonToken token = parser.nextToken();
                JsonToken wanted = name.equals("length") ? JsonToken.VALUE_NUMBER_INT : JsonToken.VALUE_STRING;
                if (token == wanted) {
                    members.put(name, parser.getText());
                } else {
                    parser.skipChildren();
                }
            }
            return parser.nextToken() == null ? members : Map.of();
        } catch (JacksonException e) {
            return Map.of();
        } catch (IOException e) {
            throw new UncheckedIOException("reading from memory failed", e);
        }
    }
}
