package dev.millrace.producer.api;

import com.github.luben.zstd.Zstd;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.zip.GZIPOutputStream;

/// What clients send who mean ill, or whose disk did: lines that are no documents, and bodies that are none, made from
/// good ones by a seeded generator.
final class BadInput {
    private static final List<String> LINES = List.of(
            "{",
            "}",
            "{}",
            "[]",
            "null",
            "\u0000",
            "\uFEFF{\"text\":\"a\"}",
            "{\"text\":\"a\"",
            "{\"text\":\"a\"}}",
            "{\"text\":\"a\"}{\"text\":\"b\"}",
            "{\"text\":\"a\",\"text\":\"b\"}",
            "{\"text\":\"\\ud800\"}",
            "{\"text\":\"\\uZZZZ\"}",
            "{\"text\":\"a\tb\"}",
            "{'text':'a'}",
            "{\"text\":NaN}",
            "{\"text\":1e999999999}",
            "{\"text\":\"a\",\"id\":" + "9".repeat(5_000) + "}",
            "{\"text\":\"a\",\"id\":\"" + "i".repeat(5_000) + "\"}",
            "{\"" + "k".repeat(100_000) + "\":1}",
            "{\"text\":\"a\",\"metadata\":" + "{\"a\":".repeat(10_000) + "1" + "}".repeat(10_000) + "}",
            "{\"text\":\"a\",\"other\":" + "[".repeat(100_000) + "]".repeat(100_000) + "}",
            "[".repeat(200_000),
            "\"".repeat(50_001),
            "x".repeat(5 << 20));

    private final Random random;

    BadInput(long seed) {
        this.random = new Random(seed);
    }

    /// Lines that no reader takes.
    static List<String> lines() {
        return LINES;
    }

    /// A body with a content type, and how it is packed.
    record Body(String type, String coding, String content) {
        /// The bytes of what is sent: a character each.
        byte[] bytes() {
            return content.getBytes(StandardCharsets.ISO_8859_1);
        }
    }

    /// A body that was good before it was spoilt; it may still be.
    Body next() {
        String json = "{\"text\":\"a text\",\"id\":\"fuzz\",\"metadata\":{\"a\":[1,2.5,null]}}";
        Body good = switch (random.nextInt(6)) {
            case 0 -> new Body("application/json", "identity", json);
            case 1 -> new Body("application/x-ndjson", "identity", (json + "\n").repeat(5));
            case 2 -> new Body("application/x-ndjson", "gzip", gzip((json + "\n").repeat(50)));
            case 3 -> new Body("application/x-ndjson", "zstd", zstd((json + "\n").repeat(50)));
            case 4 -> new Body("text/plain", "identity", "Gr\u00c3\u00bc\u00c3\u009fe\n");
            default -> new Body("multipart/form-data; boundary=cut", "identity", form());
        };
        List<UnaryOperator<String>> ways = List.of(this::flip, this::cut, this::insert, this::repeat);
        String spoilt = good.content();
        for (int i = random.nextInt(3); i >= 0; i--) {
            spoilt = ways.get(random.nextInt(ways.size())).apply(spoilt);
        }
        String type = random.nextInt(10) == 0 ? flip(good.type()).replaceAll("[^ -~]", "?") : good.type();
        return new Body(type, good.coding(), spoilt);
    }

    private static String form() {
        return """
                --cut
                Content-Disposition: form-data; name="id"

                fuzz
                --cut
                Content-Disposition: form-data; name="file"; filename="a.png"
                Content-Type: image/png

                PNG
                --cut

                a text
                --cut--
                """.replace("\n", "\r\n");
    }

    private String flip(String content) {
        if (content.isEmpty()) {
            return content;
        }
        int at = random.nextInt(content.length());
        char other = (char) (content.charAt(at) ^ 1 << random.nextInt(8));
        return content.substring(0, at) + other + content.substring(at + 1);
    }

    private String cut(String content) {
        return content.substring(0, random.nextInt(content.length() + 1));
    }

    private String insert(String content) {
        int at = random.nextInt(content.length() + 1);
        String what = List.of("\u0000", "\u00ff\u00fe", "\n", "\r\n--cut\r\n", "{\"", "\\u", "[[[[[[[[")
                .get(random.nextInt(7));
        return content.substring(0, at) + what + content.substring(at);
    }

    private String repeat(String content) {
        int at = random.nextInt(content.length() + 1);
        return content.substring(0, at) + content.substring(at / 2);
    }

    private static String gzip(String content) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(content.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory failed", e);
        }
        return out.toString(StandardCharsets.ISO_8859_1);
    }

    private static String zstd(String content) {
        return new String(Zstd.compress(content.getBytes(StandardCharsets.UTF_8)), StandardCharsets.ISO_8859_1);
    }
}
