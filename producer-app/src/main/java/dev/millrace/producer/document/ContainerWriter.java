package dev.millrace.producer.document;

import java.io.ByteArrayOutputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Writes a multipart body (RFC 2046, 5.1.1), part by part.
final class ContainerWriter {
    private static final List<String> OF_THE_CONTENT =
            List.of("content-type:", "content-length:", "content-transfer-encoding:");

    private final String boundary;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    /// @param boundary that stands in no part
    ContainerWriter(String boundary) {
        this.boundary = boundary;
    }

    /// Begins a part.
    ///
    /// @param head its headers, in ISO 8859-1
    void begin(List<String> head) {
        write((out.size() == 0 ? "--" : "\r\n--") + boundary + "\r\n", StandardCharsets.UTF_8);
        for (String line : head) {
            write(line + "\r\n", StandardCharsets.ISO_8859_1);
        }
        write("\r\n", StandardCharsets.UTF_8);
    }

    /// Bytes of the part that was begun.
    void content(byte[] bytes, int offset, int length) {
        out.write(bytes, offset, length);
    }

    /// A part with a claim in place of its content; what its headers say beside that stays.
    void claim(PartHead of, Claim claim) {
        List<String> head = new ArrayList<>(of.lines().stream()
                .filter(line -> OF_THE_CONTENT.stream().noneMatch(line.toLowerCase(Locale.ROOT)::startsWith))
                .toList());
        head.add("Content-Type: " + Claim.TYPE);
        begin(head);
        out.writeBytes(claim.json());
    }

    /// The body is over.
    void end() {
        write("\r\n--" + boundary + "--\r\n", StandardCharsets.UTF_8);
    }

    private void write(String text, Charset charset) {
        out.writeBytes(text.getBytes(charset));
    }

    int size() {
        return out.size();
    }

    byte[] bytes() {
        return out.toByteArray();
    }
}
