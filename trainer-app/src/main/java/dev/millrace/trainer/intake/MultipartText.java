package dev.millrace.trainer.intake;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The text of a record whose value is a multipart container (RFC 2046) as `producer-app` takes it: the parts of plain
/// text, in their order, an empty line between two. Media among them are passed by, and so are the fields of a form
/// that only name the document.
///
/// For one record; not thread-safe.
final class MultipartText {
    private static final Set<String> FIELDS = Set.of("id", "source", "metadata");
    private static final byte[] BETWEEN = {'\n', '\n'};
    private static final Pattern BOUNDARY =
            Pattern.compile(";\\s*boundary=(?:\"([^\"]+)\"|([^\\s;\"]+))", Pattern.CASE_INSENSITIVE);
    private static final Pattern TYPE = header("content-type:[ \\t]*([^;\\r\\n]*)");
    private static final Pattern NAME =
            header("content-disposition:[ \\t]*form-data;[^\\r\\n]*?\\bname=\"?([^\";\\r\\n]*)");

    private final byte[] value;
    private final byte[] delimiter;
    private int at;

    private MultipartText(byte[] value, String boundary) {
        this.value = value;
        this.delimiter = ("\r\n--" + boundary).getBytes(StandardCharsets.UTF_8);
    }

    private static Pattern header(String line) {
        return Pattern.compile("^" + line, Pattern.CASE_INSENSITIVE | Pattern.MULTILINE);
    }

    /// @param contentType of the record, with its boundary
    /// @return the bytes of the text, none where all parts are media; empty where the value is no such container
    static Optional<byte[]> of(byte[] value, String contentType) {
        Matcher boundary = BOUNDARY.matcher(contentType);
        if (!boundary.find()) {
            return Optional.empty();
        }
        String name = boundary.group(1) == null ? boundary.group(2) : boundary.group(1);
        return new MultipartText(value, name).read();
    }

    private Optional<byte[]> read() {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        at = startsWith(0, 2) ? delimiter.length - 2 : after(find(delimiter, 0), delimiter.length);
        while (at >= 0) {
            if (at + 1 < value.length && value[at] == '-' && value[at + 1] == '-') {
                return Optional.of(text.toByteArray());
            }
            // Behind the delimiter the line ends; an empty line ends the headers, or is all there is of them.
            int head = find(new byte[] {'\r', '\n'}, at);
            int body = after(find(new byte[] {'\r', '\n', '\r', '\n'}, head), 4);
            int end = body < 0 ? -1 : find(delimiter, body);
            if (end >= 0 && end > body && isText(new String(value, head, body - head, StandardCharsets.UTF_8))) {
                if (text.size() > 0) {
                    text.writeBytes(BETWEEN);
                }
                text.write(value, body, end - body);
            }
            at = after(end, delimiter.length);
        }
        return Optional.empty();
    }

    private static boolean isText(String headers) {
        String lines = headers.replace("\r\n", "\n");
        Matcher type = TYPE.matcher(lines);
        boolean plain =
                !type.find() || type.group(1).strip().toLowerCase(Locale.ROOT).equals("text/plain");
        Matcher name = NAME.matcher(lines);
        return plain && !(name.find() && FIELDS.contains(name.group(1)));
    }

    private static int after(int found, int length) {
        return found < 0 ? -1 : found + length;
    }

    private boolean startsWith(int place, int skipped) {
        for (int i = skipped; i < delimiter.length; i++) {
            int here = place + i - skipped;
            if (here >= value.length || value[here] != delimiter[i]) {
                return false;
            }
        }
        return true;
    }

    private int find(byte[] wanted, int from) {
        for (int i = Math.max(0, from); from >= 0 && i <= value.length - wanted.length; i++) {
            int same = 0;
            while (same < wanted.length && value[i + same] == wanted[same]) {
                same++;
            }
            if (same == wanted.length) {
                return i;
            }
        }
        return -1;
    }
}
