package dev.millrace.producer.api;

import java.util.List;
import java.util.Random;

/// Heads of requests that are spoilt in the path, the query or the headers: chosen ones, and good ones that a seeded
/// generator spoils. What frames the body stays as it is, or nobody would know where the request ends.
final class BadHead {
    /// Targets, and headers that end each with a line break.
    private static final List<List<String>> CHOSEN = List.of(
            List.of("/v1/documents?id=%", ""),
            List.of("/v1/documents?id=%zz", ""),
            List.of("/v1/documents?id=%c3%28", ""),
            List.of("/v1/documents?id=%00%0d%0aX-Made-Up:%20y", ""),
            List.of("/v1/documents?id=%ff%fe&source=%ed%a0%80", ""),
            List.of("/v1/documents?" + "id=a&".repeat(1_000), ""),
            List.of("/v1/documents?id=" + "i".repeat(10_000), ""),
            List.of("/v1/documents?id=" + "i".repeat(100_000), ""),
            List.of("/" + "a/".repeat(5_000), ""),
            List.of("/v1/documents%", ""),
            List.of("/v1/%zz", ""),
            List.of("/v1/topics/%2e%2e%2f/documents", ""),
            List.of("/v1/topics/%00/documents", ""),
            List.of("*", ""),
            List.of("http://[::1/v1/documents", ""),
            List.of("/v1/documents", "Content-Type: image/png\r\n"),
            List.of("/v1/documents", "Content-Type: " + "x/".repeat(4_000) + "\r\n"),
            List.of("/v1/documents", "Content-Encoding: gzip\r\nContent-Encoding: zstd\r\n"),
            List.of("/v1/documents", "Idempotency-Key: a\r\nIdempotency-Key: b\r\n"),
            List.of("/v1/documents", "Idempotency-Key: \u0001\u0002\r\n"),
            List.of("/v1/documents", "traceparent: 00-\u00ff\r\n"),
            List.of("/v1/documents", "X: y\r\n".repeat(2_000)),
            List.of("/v1/documents", "X: y\r\n".repeat(20_000)),
            List.of("/v1/documents", "X: " + "y".repeat(20_000) + "\r\n"),
            List.of("/v1/documents", "X: a\r\n folded\r\n"),
            List.of("/v1/documents", ": nameless\r\n"),
            List.of("/v1/documents", "Host: another\r\nHost: one more\r\n"),
            List.of("/v1/documents", "Content-Length: 7\r\n"),
            List.of("/v1/documents", "Expect: the-unexpected\r\n"),
            List.of("/v1/documents", "Range: bytes=9-1\r\nIf-Match: *\r\nAccept: \u00e4\r\n"));

    private static final List<String> PIECES = List.of(
            "%",
            "%0",
            "%00",
            "%ff",
            "?",
            "&",
            "=",
            "#",
            ";",
            "/../",
            "//",
            "\u0000",
            "\u0001",
            "\u007f",
            "\u00e4",
            "\t",
            " ",
            "\r",
            "\n",
            "\r\n",
            ":",
            ",",
            "\"",
            "\r\nContent-Encoding: zstd",
            "\r\nContent-Type: application/x-ndjson");

    private final Random random;

    BadHead(long seed) {
        this.random = new Random(seed);
    }

    static List<String> chosen() {
        return CHOSEN.stream().map(each -> head(each.get(0), each.get(1))).toList();
    }

    /// One that was good before it was spoilt; it may still be.
    String next() {
        String target = "/v1/documents?id=fuzz&source=%C3%A4";
        String headers =
                "Idempotency-Key: \"a-key\"\r\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n";
        for (int i = random.nextInt(3); i >= 0; i--) {
            if (random.nextBoolean()) {
                target = spoilt(target);
            } else {
                headers = spoilt(headers);
            }
        }
        return head(target, headers);
    }

    private String spoilt(String part) {
        int at = random.nextInt(part.length() + 1);
        String piece = PIECES.get(random.nextInt(PIECES.size()));
        return switch (random.nextInt(4)) {
            case 0 -> part.substring(0, at) + piece + part.substring(at);
            case 1 -> part.substring(0, at) + (char) random.nextInt(256) + part.substring(at);
            case 2 -> part.substring(0, at) + piece.repeat(1 + random.nextInt(300)) + part.substring(at);
            default -> part.substring(0, at / 2) + part.substring(at);
        };
    }

    private static String head(String target, String headers) {
        return "POST " + target + " HTTP/1.1\r\nHost: x\r\n" + headers
                + "Content-Type: text/plain\r\nContent-Length: 6\r\nConnection: close\r\n\r\na text";
    }
}
