package dev.millrace.producer.api;

import java.util.Optional;
import java.util.regex.Pattern;

/// The header `Idempotency-Key`: a text in quotation marks, as the draft of the standard has it, or without, as most
/// clients send it.
final class IdempotencyKey {
    static final String HEADER = "Idempotency-Key";

    private static final Pattern QUOTED = Pattern.compile("\"(.*)\"");
    private static final Pattern GOOD = Pattern.compile("[\\x21-\\x7E]{1,255}");

    private IdempotencyKey() {}

    /// @return empty where it is no key: empty, too long, or with characters that a header should not hold
    static Optional<String> parse(String header) {
        String key = QUOTED.matcher(header.strip()).replaceFirst("$1");
        return GOOD.matcher(key).matches() ? Optional.of(key) : Optional.empty();
    }
}
