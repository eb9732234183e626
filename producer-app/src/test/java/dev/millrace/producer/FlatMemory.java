package dev.millrace.producer;

import dev.millrace.testing.AppProcess;
import dev.millrace.testing.BrokerProcess;
import dev.millrace.testing.RawRequest;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/// Streams far larger than the heap, through the packaged producer: one request that is written as it goes, a file,
/// and a medium that goes to the store. The heap is given; a producer that kept what it is sent would end with an
/// OutOfMemoryError.
///
/// `./mvnw -Pprove` runs it over gibibytes, a test over a few hundred mebibytes.
final class FlatMemory {
    /// Room for the producer's own buffer (64 MiB) and for what requests may hold (32 MiB).
    private static final int HEAP_MEBIBYTES = 192;
    private static final Map<String, String> SMALL_HEAP =
            Map.of("JAVA_TOOL_OPTIONS", "-XX:+ExitOnOutOfMemoryError -Xmx" + HEAP_MEBIBYTES + "m");
    /// More than the heap, if they kept what they were sent.
    private static final int OPEN_STREAMS = 50;

    private static final int LONG_LINE = 4_000_000;
    private static final Duration LIMIT = Duration.ofMinutes(30);
    private static final String LINE = "{\"text\":\"" + "word ".repeat(200) + "\"}\n";

    private final Path module;
    private final Path directory;
    private final long mebibytes;
    private final long documents;

    /// What the producer did.
    ///
    /// @param delivered documents
    /// @param peakMemory resident, in bytes
    record Outcome(long delivered, long peakMemory) {}

    /// @param mebibytes of each stream
    FlatMemory(Path module, Path directory, long mebibytes) {
        this.module = module;
        this.directory = directory;
        this.mebibytes = mebibytes;
        this.documents = mebibytes * (1 << 20) / LINE.length();
    }

    /// @param arguments the module whose packaged app is tried, gibibytes
    public static void main(String[] arguments) throws Exception {
        Path module = Path.of(arguments[0]);
        Path work = Files.createTempDirectory(Files.createDirectories(module.resolve("target/flat")), "work-");
        FlatMemory flat = new FlatMemory(module, work, (long) (1024 * Double.parseDouble(arguments[1])));
        try (BrokerProcess broker = BrokerProcess.start(work)) {
            for (Outcome outcome :
                    List.of(flat.request(broker.bootstrapServers()), flat.file(broker.bootstrapServers()))) {
                System.out.printf(
                        "%,d documents of %,d delivered with -Xmx%dm; at most %,d MiB resident%n",
                        outcome.delivered(), flat.documents, HEAP_MEBIBYTES, outcome.peakMemory() >> 20);
                if (outcome.delivered() != flat.documents) {
                    throw new IllegalStateException("documents are missing");
                }
            }
            System.out.printf(
                    "a medium of %,d MiB in the store with -Xmx%dm; at most %,d MiB resident%n",
                    flat.mebibytes,
                    HEAP_MEBIBYTES,
                    flat.medium(broker.bootstrapServers()).peakMemory() >> 20);
        }
    }

    long documents() {
        return documents;
    }

    private AppProcess start(String bootstrapServers, String name, List<String> arguments) throws IOException {
        return AppProcess.start(
                module,
                Map.of("kafka.bootstrap.servers", bootstrapServers),
                SMALL_HEAP,
                arguments,
                directory.resolve(name + ".log"));
    }

    /// One request without a length, of which the summary alone is reported.
    Outcome request(String bootstrapServers) throws Exception {
        try (AppProcess producer = start(bootstrapServers, "request", List.of())) {
            producer.awaitOk("/q/health/ready", LIMIT);
            openStreams(producer);
            HttpURLConnection connection = (HttpURLConnection)
                    URI.create("http://localhost:" + producer.port() + "/v1/documents?report=summary")
                            .toURL()
                            .openConnection();
            connection.setRequestMethod("POST");
            connection.setRequestProperty("Content-Type", "application/x-ndjson");
            connection.setDoOutput(true);
            connection.setChunkedStreamingMode(1 << 16);
            try (OutputStream out = new BufferedOutputStream(connection.getOutputStream(), 1 << 16)) {
                writeLines(out);
            }
            try (InputStream in = connection.getInputStream()) {
                String summary = new String(in.readAllBytes(), StandardCharsets.UTF_8);
                long delivered = Long.parseLong(summary.replaceAll("(?s).*\"delivered\":(\\d+).*", "$1"));
                return new Outcome(delivered, producer.peakMemory());
            }
        }
    }

    /// Each has sent one line as long as may be, and stays open beside what follows.
    private static void openStreams(AppProcess producer) throws IOException {
        for (int i = 0; i < OPEN_STREAMS; i++) {
            // Left to the end of the process.
            RawRequest stream = RawRequest.stream(producer.port(), "/v1/documents");
            stream.chunk("{\"text\":\"" + "w".repeat(LONG_LINE) + "\"}\n");
            stream.readUntil("\"delivered\"");
        }
    }

    Outcome file(String bootstrapServers) throws Exception {
        Path file = directory.resolve("large.jsonl");
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 16)) {
            writeLines(out);
        }
        try (AppProcess ingest = start(bootstrapServers, "file", List.of("ingest", file.toString()))) {
            long peak = 0;
            while (ingest.isAlive()) {
                peak = Math.max(peak, ingest.peakMemory());
                Thread.sleep(20);
            }
            if (ingest.awaitExit(LIMIT) != 0) {
                throw new IOException("the ingestion failed: " + ingest.log());
            }
            String done = ingest.log()
                    .lines()
                    .filter(line -> line.contains("done: "))
                    .findFirst()
                    .orElseThrow();
            long delivered = Long.parseLong(
                    done.replaceAll(".*: ([\\d,]+) delivered.*", "$1").replace(",", ""));
            return new Outcome(delivered, peak);
        } finally {
            Files.delete(file);
        }
    }

    /// One medium, of a length that is not told, in the store.
    Outcome medium(String bootstrapServers) throws Exception {
        Path store = Files.createDirectories(directory.resolve("media"));
        Map<String, String> settings = Map.of(
                "kafka.bootstrap.servers", bootstrapServers,
                "millrace.claim.directory", store.toString(),
                "millrace.claim.max-size", Long.toString(mebibytes << 20));
        try (AppProcess producer =
                AppProcess.start(module, settings, SMALL_HEAP, List.of(), directory.resolve("medium.log"))) {
            producer.awaitOk("/q/health/ready", LIMIT);
            HttpURLConnection connection =
                    (HttpURLConnection) URI.create("http://localhost:" + producer.port() + "/v1/documents")
                            .toURL()
                            .openConnection();
            connection.setRequestMethod("POST");
            connection.setRequestProperty("Content-Type", "image/png");
            connection.setDoOutput(true);
            connection.setChunkedStreamingMode(1 << 16);
            byte[] piece = new byte[1 << 20];
            try (OutputStream out = connection.getOutputStream()) {
                for (long n = 0; n < mebibytes; n++) {
                    out.write(piece);
                }
            }
            try (InputStream in = connection.getInputStream()) {
                String report = new String(in.readAllBytes(), StandardCharsets.UTF_8);
                return new Outcome(report.contains("\"status\":\"delivered\"") ? 1 : 0, producer.peakMemory());
            }
        }
    }

    private void writeLines(OutputStream out) throws IOException {
        byte[] line = LINE.getBytes(StandardCharsets.US_ASCII);
        for (long n = 0; n < documents; n++) {
            out.write(line);
        }
    }
}
