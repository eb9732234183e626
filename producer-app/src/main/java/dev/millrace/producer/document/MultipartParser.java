package dev.millrace.producer.document;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// Finds the parts of a multipart body (RFC 2046, 5.1.1), which is held whole, for it is one record; nothing of it is
/// copied. What lies before the first part and after the last is passed over, as the standard has it.
///
/// For one body; not thread-safe.
final class MultipartParser {
    private static final int MAX_HEADER_BYTES = 8 << 10;
    private static final int MAX_HEADERS = 16;
    private static final int MAX_BOUNDARY = 70;

    private final byte[] body;
    private final byte[] delimiter;
    private final int maxParts;
    private int at;

    /// @param boundary as `Content-Type` names it
    MultipartParser(byte[] body, String boundary, int maxParts) {
        this.body = body;
        this.delimiter = ("\r\n--" + boundary).getBytes(StandardCharsets.UTF_8);
        this.maxParts = maxParts;
    }

    /// What keeps a boundary from being one, if something does.
    static Optional<String> boundaryFault(Optional<String> boundary) {
        return boundary.filter(each -> !each.isEmpty() && each.length() <= MAX_BOUNDARY)
                        .isPresent()
                ? Optional.empty()
                : Optional.of("names no boundary of 1 to " + MAX_BOUNDARY + " characters in its Content-Type");
    }

    /// @throws BrokenMultipartException where they are not of that form, or more than may be
    List<Part> parse() throws BrokenMultipartException {
        List<Part> parts = new ArrayList<>();
        begin();
        while (!lastDelimiter()) {
            if (parts.size() == maxParts) {
                throw new BrokenMultipartException(
                        Fault.TOO_LARGE, "has more parts than millrace.documents.max-parts = " + maxParts);
            }
            Map<String, String> headers = headers(parts.size() + 1);
            int start = at;
            int end = find(delimiter, start);
            if (end < 0) {
                throw new BrokenMultipartException(
                        Fault.SYNTAX, "breaks off in part " + (parts.size() + 1) + ": no delimiter ends it");
            }
            parts.add(new Part(headers, body, start, end));
            at = end + delimiter.length;
        }
        return parts;
    }

    /// To behind the first delimiter, which lacks its line break where the body begins with it.
    private void begin() throws BrokenMultipartException {
        if (matches(delimiter, 2, 0)) {
            at = delimiter.length - 2;
            return;
        }
        int first = find(delimiter, 0);
        if (first < 0) {
            throw new BrokenMultipartException(Fault.SYNTAX, "holds no delimiter of the boundary in its Content-Type");
        }
        at = first + delimiter.length;
    }

    /// Whether the delimiter that was just passed is the last; else to the line behind it.
    private boolean lastDelimiter() throws BrokenMultipartException {
        if (at + 1 < body.length && body[at] == '-' && body[at + 1] == '-') {
            return true;
        }
        while (at < body.length && (body[at] == ' ' || body[at] == '\t')) {
            at++;
        }
        if (at + 1 >= body.length || body[at] != '\r' || body[at + 1] != '\n') {
            throw new BrokenMultipartException(Fault.SYNTAX, "has a delimiter without CR LF behind it");
        }
        at += 2;
        return false;
    }

    /// To the content of the part.
    private Map<String, String> headers(int part) throws BrokenMultipartException {
        Map<String, String> headers = new TreeMap<>();
        int limit = Math.min(body.length, at + MAX_HEADER_BYTES);
        while (true) {
            int end = at;
            while (end + 1 < limit && (body[end] != '\r' || body[end + 1] != '\n')) {
                end++;
            }
            if (end + 1 >= limit) {
                throw limit == body.length
                        ? new BrokenMultipartException(Fault.SYNTAX, "breaks off in the headers of part " + part)
                        : new BrokenMultipartException(
                                Fault.TOO_LONG,
                                "has more than " + MAX_HEADER_BYTES + " bytes of headers in part " + part);
            }
            String line = new String(body, at, end - at, StandardCharsets.UTF_8);
            at = end + 2;
            if (line.isEmpty()) {
                return headers;
            }
            int colon = line.indexOf(':');
            boolean good = colon > 0 && !line.substring(0, colon).contains(" ");
            if (!good
                    || headers.size() == MAX_HEADERS
                    || headers.put(
                                    line.substring(0, colon).toLowerCase(Locale.ROOT),
                                    line.substring(colon + 1).strip())
                            != null) {
                throw new BrokenMultipartException(
                        Fault.SYNTAX,
                        "has a header in part " + part + " that is none, or there twice, or one of more than "
                                + MAX_HEADERS);
            }
        }
    }

    private int find(byte[] wanted, int from) {
        for (int i = from; i <= body.length - wanted.length; i++) {
            if (body[i] == wanted[0] && matches(wanted, 0, i)) {
                return i;
            }
        }
        return -1;
    }

    private boolean matches(byte[] wanted, int skipped, int place) {
        int length = wanted.length - skipped;
        if (place + length > body.length) {
            return false;
        }
        for (int i = 0; i < length; i++) {
            if (body[place + i] != wanted[skipped + i]) {
                return false;
            }
        }
        return true;
    }
}
