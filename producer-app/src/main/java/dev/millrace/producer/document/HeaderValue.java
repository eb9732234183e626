package dev.millrace.producer.document;

import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// The value of a header with parameters, `value; name=text; other="quoted"` (RFC 9110, 5.6.6).
///
/// @param value what stands before the first semicolon, in small letters
/// @param parameters by their names in small letters
record HeaderValue(String value, Map<String, String> parameters) {
    HeaderValue {
        parameters = Map.copyOf(parameters);
    }

    /// @return empty where it is not of that form, or has a parameter twice
    static Optional<HeaderValue> parse(String text) {
        Scanner scanner = new Scanner(text.strip());
        String value = scanner.token();
        Map<String, String> parameters = new TreeMap<>();
        boolean good = !value.isEmpty();
        while (good && !scanner.ended()) {
            good = scanner.parameter(parameters);
        }
        return good ? Optional.of(new HeaderValue(value.toLowerCase(Locale.ROOT), parameters)) : Optional.empty();
    }

    Optional<String> parameter(String name) {
        return Optional.ofNullable(parameters.get(name));
    }

    /// The text from left to right.
    private static final class Scanner {
        private static final String NO_TOKEN = "()<>@,;:\\\"[]?={}";

        private final String text;
        private int at;

        Scanner(String text) {
            this.text = text;
        }

        boolean ended() {
            return at == text.length();
        }

        /// What may stand without quotation marks, a slash included: a type with its subtype, too.
        String token() {
            int start = at;
            while (!ended()
                    && text.charAt(at) > ' '
                    && text.charAt(at) < 0x7F
                    && NO_TOKEN.indexOf(text.charAt(at)) < 0) {
                at++;
            }
            return text.substring(start, at);
        }

        private boolean skip(char expected) {
            if (ended() || text.charAt(at) != expected) {
                return false;
            }
            at++;
            return true;
        }

        private void blanks() {
            while (!ended() && (text.charAt(at) == ' ' || text.charAt(at) == '\t')) {
                at++;
            }
        }

        /// @return whether a parameter stood here, after its semicolon
        boolean parameter(Map<String, String> into) {
            blanks();
            if (!skip(';')) {
                return false;
            }
            blanks();
            if (ended()) {
                return true;
            }
            String name = token();
            if (name.isEmpty() || !skip('=')) {
                return false;
            }
            Optional<String> value = skip('"') ? quoted() : Optional.of(token()).filter(each -> !each.isEmpty());
            return value.isPresent() && into.put(name.toLowerCase(Locale.ROOT), value.get()) == null;
        }

        private Optional<String> quoted() {
            StringBuilder value = new StringBuilder();
            while (!ended()) {
                char next = text.charAt(at++);
                if (next == '"') {
                    return Optional.of(value.toString());
                }
                if (next == '\\' && !ended()) {
                    next = text.charAt(at++);
                }
                if (next < ' ' && next != '\t') {
                    return Optional.empty();
                }
                value.append(next);
            }
            return Optional.empty();
        }
    }
}
