package dev.millrace.producer.bench;

import dev.millrace.testing.AppProcess;
import dev.millrace.testing.TopicLog;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/// The packaged app, which is sent documents over HTTP. One process serves all measurements, as the one JVM of the raw
/// client does: a server that has just started compiles itself, on the cores that are measured.
final class HttpProducer implements AutoCloseable {
    private static final Duration LIMIT = Duration.ofMinutes(5);

    private final AppProcess app;
    private final String bootstrapServers;
    private final String topic;

    private HttpProducer(AppProcess app, String bootstrapServers, String topic) {
        this.app = app;
        this.bootstrapServers = bootstrapServers;
        this.topic = topic;
    }

    /// @param module whose packaged app is started
    static HttpProducer start(Path module, String bootstrapServers, String topic, Path log)
            throws IOException, InterruptedException {
        AppProcess app = AppProcess.start(
                module,
                Map.of("kafka.bootstrap.servers", bootstrapServers, "mp.messaging.outgoing.documents.topic", topic),
                environment(),
                log);
        app.awaitOk("/q/health/ready", LIMIT);
        return new HttpProducer(app, bootstrapServers, topic);
    }

    /// Options for the JVM that is measured: `bench.java`.
    static Map<String, String> environment() {
        return Map.of("JAVA_TOOL_OPTIONS", System.getProperty("bench.java", ""));
    }

    /// Clients of it that send as much as is answered.
    HttpLoad load(int connections, int perRequest) {
        return load(connections, perRequest, HttpLoad.MOST);
    }

    HttpLoad load(int connections, int perRequest, double rate) {
        return new HttpLoad(app.port(), connections, perRequest, rate);
    }

    Sample measure(HttpLoad load, Documents documents, Duration time) throws IOException {
        long size = TopicLog.size(bootstrapServers, topic);
        Duration cpu = app.cpu();
        long began = System.nanoTime();
        HttpLoad.Seen seen = load.run(documents, time);
        Duration spent = Duration.ofNanos(System.nanoTime() - began);
        Duration used = app.cpu().minus(cpu);
        long onLog = TopicLog.size(bootstrapServers, topic) - size;
        if (onLog != seen.documents()) {
            throw new IOException(onLog + " records came to the log of " + seen.documents()
                    + " that were answered: something else than sending was measured");
        }
        return new Sample(
                seen.documents(),
                seen.documents() * documents.size(),
                spent,
                used,
                app.peakMemory(),
                seen.latencies().stream().mapToLong(Long::longValue).toArray());
    }

    /// Tells it to end, and waits until it has: then it has also written its flight recording, where there is one.
    void end() throws IOException, InterruptedException {
        if (app.terminate(LIMIT) != 0) {
            throw new IOException("the producer did not end well: " + app.log());
        }
    }

    @Override
    public void close() {
        app.close();
    }
}
