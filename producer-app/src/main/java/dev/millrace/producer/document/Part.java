package dev.millrace.producer.document;

import java.util.Arrays;
import java.util.Map;
import java.util.Optional;

/// One part of a multipart body. Its bytes stay where they are.
final class Part {
    private final Map<String, String> headers;
    private final byte[] body;
    private final int start;
    private final int end;

    /// @param headers by their names in small letters
    Part(Map<String, String> headers, byte[] body, int start, int end) {
        this.headers = headers;
        this.body = body;
        this.start = start;
        this.end = end;
    }

    Optional<String> header(String name) {
        return Optional.ofNullable(headers.get(name));
    }

    /// Its media type, which is plain text where it says none; empty where what it says is none.
    Optional<MediaType> type() {
        return MediaType.parse(header("content-type").orElse("text/plain"));
    }

    /// What a form calls it, if it is a form's.
    Optional<String> name() {
        return header("content-disposition")
                .flatMap(HeaderValue::parse)
                .filter(each -> each.value().equals("form-data"))
                .flatMap(each -> each.parameter("name"));
    }

    int length() {
        return end - start;
    }

    /// A copy.
    byte[] content() {
        return Arrays.copyOfRange(body, start, end);
    }
}
