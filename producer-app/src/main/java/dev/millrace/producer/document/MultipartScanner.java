package dev.millrace.producer.document;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Finds the parts of a multipart body (RFC 2046, 5.1.1) in pieces of any size. What lies before the first part and
/// after the last is passed over, as the standard has it.
///
/// Holds a piece, and what may be the beginning of a delimiter or of headers. For one body; not thread-safe.
final class MultipartScanner {
    private static final int MAX_HEADER_BYTES = 8 << 10;
    private static final int MAX_BOUNDARY = 70;
    private static final byte[] LINE_END = {'\r', '\n'};
    private static final byte[] HEADERS_END = {'\r', '\n', '\r', '\n'};

    private final byte[] delimiter;
    private final int maxParts;
    private final Taker taker;
    private State state = State.PREAMBLE;
    private int parts;
    /// The first delimiter lacks its line break where the body begins with it.
    private byte[] held = LINE_END.clone();

    private int from;
    private int to = held.length;

    /// Where in the body it is.
    private enum State {
        PREAMBLE,
        BEHIND_DELIMITER,
        HEADERS,
        CONTENT,
        EPILOGUE
    }

    /// What takes the parts.
    interface Taker {
        /// A part begins.
        void begin(PartHead head) throws BrokenMultipartException, IOException;

        /// Bytes of it. Not to be kept.
        void content(byte[] bytes, int offset, int length) throws BrokenMultipartException, IOException;

        /// It is over.
        void end() throws BrokenMultipartException, IOException;
    }

    /// @param boundary as `Content-Type` names it
    MultipartScanner(String boundary, int maxParts, Taker taker) {
        this.delimiter = ("\r\n--" + boundary).getBytes(StandardCharsets.UTF_8);
        this.maxParts = maxParts;
        this.taker = taker;
    }

    /// What keeps a boundary from being one, if something does.
    static Optional<String> boundaryFault(Optional<String> boundary) {
        return boundary.filter(each -> !each.isEmpty() && each.length() <= MAX_BOUNDARY)
                        .isPresent()
                ? Optional.empty()
                : Optional.of("names no boundary of 1 to " + MAX_BOUNDARY + " characters in its Content-Type");
    }

    /// The next bytes.
    ///
    /// @throws BrokenMultipartException where they are not of that form, or hold more parts than may be
    void feed(byte[] bytes, int offset, int length) throws BrokenMultipartException, IOException {
        hold(bytes, offset, length);
        boolean more = true;
        while (more) {
            more = switch (state) {
                case PREAMBLE -> preamble();
                case BEHIND_DELIMITER -> behindDelimiter();
                case HEADERS -> headers();
                case CONTENT -> content();
                case EPILOGUE -> {
                    from = to;
                    yield false;
                }
            };
        }
    }

    /// That was all.
    ///
    /// @throws BrokenMultipartException where something is missing
    void end() throws BrokenMultipartException {
        String fault = switch (state) {
            case PREAMBLE -> "holds no delimiter of the boundary in its Content-Type";
            case BEHIND_DELIMITER -> "has a delimiter without CR LF behind it";
            case HEADERS -> "breaks off in the headers of part " + (parts + 1);
            case CONTENT -> "breaks off in part " + parts + ": no delimiter ends it";
            case EPILOGUE -> "";
        };
        if (!fault.isEmpty()) {
            throw new BrokenMultipartException(Fault.SYNTAX, fault);
        }
    }

    /// Bytes of memory that it holds.
    int memory() {
        return held.length;
    }

    private void hold(byte[] bytes, int offset, int length) {
        byte[] next = held.length >= to - from + length ? held : new byte[to - from + length];
        System.arraycopy(held, from, next, 0, to - from);
        to -= from;
        from = 0;
        System.arraycopy(bytes, offset, next, to, length);
        to += length;
        held = next;
    }

    private boolean preamble() {
        int found = find(delimiter);
        if (found < 0) {
            from = Math.max(from, to - delimiter.length + 1);
            return false;
        }
        from = found + delimiter.length;
        state = State.BEHIND_DELIMITER;
        return true;
    }

    /// Whether the delimiter that was just passed is the last; else to the line behind it.
    private boolean behindDelimiter() throws BrokenMultipartException {
        if (to - from < 2) {
            return false;
        }
        if (held[from] == '-' && held[from + 1] == '-') {
            state = State.EPILOGUE;
            return true;
        }
        while (from < to && (held[from] == ' ' || held[from] == '\t')) {
            from++;
        }
        if (to - from < 2) {
            return false;
        }
        if (!matches(LINE_END, from)) {
            throw new BrokenMultipartException(Fault.SYNTAX, "has a delimiter without CR LF behind it");
        }
        if (parts == maxParts) {
            throw new BrokenMultipartException(
                    Fault.TOO_LARGE, "has more parts than millrace.documents.max-parts = " + maxParts);
        }
        // The line break stays: with the next one it ends the headers, even where there are none.
        state = State.HEADERS;
        return true;
    }

    private boolean headers() throws BrokenMultipartException, IOException {
        int end = find(HEADERS_END);
        if ((end < 0 ? to : end) - from > MAX_HEADER_BYTES) {
            throw new BrokenMultipartException(
                    Fault.TOO_LONG, "has more than " + MAX_HEADER_BYTES + " bytes of headers in part " + (parts + 1));
        }
        if (end < 0) {
            return false;
        }
        String lines = new String(held, from, end - from, StandardCharsets.ISO_8859_1);
        from = end + HEADERS_END.length;
        parts++;
        // All but the first of them follow a line break.
        List<String> each = Arrays.asList(lines.split("\r\n", -1));
        taker.begin(PartHead.parse(each.subList(Math.min(1, each.size()), each.size()), parts));
        state = State.CONTENT;
        return true;
    }

    private boolean content() throws BrokenMultipartException, IOException {
        int found = find(delimiter);
        int end = found < 0 ? Math.max(from, to - delimiter.length + 1) : found;
        if (end > from) {
            taker.content(held, from, end - from);
        }
        from = end;
        if (found < 0) {
            return false;
        }
        taker.end();
        from += delimiter.length;
        state = State.BEHIND_DELIMITER;
        return true;
    }

    private int find(byte[] wanted) {
        for (int i = from; i <= to - wanted.length; i++) {
            if (held[i] == wanted[0] && matches(wanted, i)) {
                return i;
            }
        }
        return -1;
    }

    private boolean matches(byte[] wanted, int place) {
        return Arrays.equals(held, place, place + wanted.length, wanted, 0, wanted.length);
    }
}
