package dev.millrace.producer.document;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A media type as `Content-Type` says it (RFC 9110, 8.3.1).
public final class MediaType {
    /// The longest that is read: it goes into a header of each record.
    private static final int MAX_LENGTH = 255;

    private static final Pattern ESSENCE = Pattern.compile("[^/*]+/[^/*]+");

    private final String given;
    private final HeaderValue value;

    private MediaType(String given, HeaderValue value) {
        this.given = given;
        this.value = value;
    }

    /// @return empty where it is none: missing, too long, or not of that form
    public static Optional<MediaType> parse(@Nullable String header) {
        if (header == null || header.length() > MAX_LENGTH) {
            return Optional.empty();
        }
        return HeaderValue.parse(header)
                .filter(each -> ESSENCE.matcher(each.value()).matches())
                .map(each -> new MediaType(header.strip(), each));
    }

    /// The very text.
    String given() {
        return given;
    }

    /// Type and subtype, in small letters.
    public String essence() {
        return value.value();
    }

    Optional<String> boundary() {
        return value.parameter("boundary");
    }

    private boolean isOf(String type) {
        return essence().startsWith(type + "/");
    }

    /// Text whose charset is UTF-8, which is also what none means; ASCII is UTF-8 too.
    boolean isPlainText() {
        String charset = value.parameter("charset").orElse("utf-8").toLowerCase(Locale.ROOT);
        return essence().equals("text/plain") && (charset.equals("utf-8") || charset.equals("us-ascii"));
    }

    boolean isMedium() {
        return isOf("image") || isOf("audio") || essence().equals("application/octet-stream");
    }

    boolean isJson() {
        return essence().equals("application/json");
    }

    /// Text and media as one document.
    boolean isContainer() {
        return essence().equals("multipart/mixed") || essence().equals("multipart/form-data");
    }

    boolean isMultipart() {
        return isOf("multipart");
    }

    @Override
    public String toString() {
        return given;
    }
}
