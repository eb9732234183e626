package dev.millrace.producer.document;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// What stands ahead of the content of a part of a multipart body.
///
/// @param lines as they came, in ISO 8859-1, which keeps every byte
/// @param headers by their names in small letters, in UTF-8
record PartHead(List<String> lines, Map<String, String> headers) {
    private static final int MAX_HEADERS = 16;

    PartHead {
        lines = List.copyOf(lines);
        headers = Map.copyOf(headers);
    }

    /// @param part its number, from 1
    /// @throws BrokenMultipartException where the lines are no headers, or one is there twice
    static PartHead parse(List<String> lines, int part) throws BrokenMultipartException {
        Map<String, String> headers = new TreeMap<>();
        for (String each : lines) {
            String line = new String(each.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
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
        return new PartHead(lines, headers);
    }

    /// Its media type, which is plain text where it says none; empty where what it says is none.
    Optional<MediaType> type() {
        return MediaType.parse(headers.getOrDefault("content-type", "text/plain"));
    }

    /// What a form calls it, if it is a form's.
    Optional<String> name() {
        return Optional.ofNullable(headers.get("content-disposition"))
                .flatMap(HeaderValue::parse)
                .filter(each -> each.value().equals("form-data"))
                .flatMap(each -> each.parameter("name"));
    }

    /// What is wrong with a part of this head, whatever it holds, if something is.
    ///
    /// @param part its number, from 1
    void check(int part) throws BrokenMultipartException {
        MediaType type = type().orElseThrow(() ->
                new BrokenMultipartException(Fault.TYPE, "has a Content-Type in part " + part + " that is none"));
        String coding = headers.getOrDefault("content-transfer-encoding", "binary");
        if (!List.of("7bit", "8bit", "binary").contains(coding.toLowerCase(Locale.ROOT))) {
            throw new BrokenMultipartException(
                    Fault.TYPE, "has a Content-Transfer-Encoding in part " + part + ": send the bytes as they are");
        }
        if (type.isMultipart()) {
            throw new BrokenMultipartException(Fault.NESTING, "has a multipart in part " + part);
        }
        boolean json = type.isJson() && name().equals(Optional.of("metadata"));
        if (!type.isPlainText() && !type.isMedium() && !json) {
            throw new BrokenMultipartException(
                    Fault.TYPE,
                    "holds neither text/plain in UTF-8 nor image/*, audio/* or application/octet-stream in part "
                            + part);
        }
    }
}
