package dev.millrace.testing;

import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Map;

/// Takes spans as an OpenTelemetry collector does (OTLP over HTTP), and keeps them as they came.
public final class TraceCollector implements AutoCloseable {
    private final HttpServer server;
    private final ByteArrayOutputStream taken = new ByteArrayOutputStream();

    private TraceCollector(HttpServer server) {
        this.server = server;
    }

    /// Starts it on a free port.
    public static TraceCollector start() throws IOException {
        TraceCollector collector =
                new TraceCollector(HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0));
        collector.server.createContext("/v1/traces", exchange -> {
            byte[] spans = exchange.getRequestBody().readAllBytes();
            synchronized (collector.taken) {
                collector.taken.writeBytes(spans);
            }
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        collector.server.start();
        return collector;
    }

    /// What an app needs to be told, to send its spans here at once.
    public Map<String, String> settings() {
        return Map.of(
                "quarkus.otel.sdk.disabled",
                "false",
                "quarkus.otel.exporter.otlp.endpoint",
                "http://localhost:" + server.getAddress().getPort(),
                "quarkus.otel.exporter.otlp.protocol",
                "http/protobuf",
                "quarkus.otel.bsp.schedule.delay",
                "50ms");
    }

    /// Whether a text, a span's name say, has come.
    public boolean holds(String text) {
        return spans().contains(new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1));
    }

    /// Whether the id of a trace or of a span, in hex, has come.
    public boolean holdsId(String hex) {
        return spans().contains(new String(HexFormat.of().parseHex(hex), StandardCharsets.ISO_8859_1));
    }

    private String spans() {
        synchronized (taken) {
            return taken.toString(StandardCharsets.ISO_8859_1);
        }
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
