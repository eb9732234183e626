package dev.millrace.producer.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.testing.AppProcess;
import dev.millrace.testing.BrokerProcess;
import dev.millrace.testing.KafkaMain;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.regex.Pattern;

/// Measures the ways in, in turn, `bench.runs` times, beside the raw client on the same broker.
///
/// System properties: `bench.seconds` (for each measurement), `bench.runs`, `bench.ways` (without it, all),
/// `bench.java` (options for the JVM that is measured, a flight recording say), `bench.tables` (see [LogTables]).
final class IngestionBench {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Duration LIMIT = Duration.ofMinutes(5);
    private static final Pattern PROGRESS =
            Pattern.compile(": ([\\d,]+) documents: ([\\d,]+) delivered.* ([\\d,]+) documents/s");
    private static final int SINGLE_CONNECTIONS = 64;
    private static final int STREAM_CONNECTIONS = 4;
    private static final int STREAM_DOCUMENTS = 1_000;
    /// So many times as long as it is measured, each process works before its first measurement; only a file's is new
    /// for each.
    private static final int WARMING = 3;

    private final Path directory;
    private final Path module;
    private final Duration time;
    private final Documents documents = new Documents(1, Documents.KIBIBYTE);

    /// The ways in.
    enum Way {
        RAW,
        FILE,
        NDJSON,
        SINGLE;

        String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    IngestionBench(Path module, Path directory, Duration time) {
        this.module = module;
        this.directory = directory;
        this.time = time;
    }

    /// @param arguments the module whose packaged app is measured
    public static void main(String[] arguments) throws Exception {
        Path module = Path.of(arguments[0]);
        Path directory = module.resolve("target/bench");
        double seconds = Double.parseDouble(System.getProperty("bench.seconds", "10"));
        int runs = Integer.getInteger("bench.runs", 3);
        IngestionBench bench = new IngestionBench(module, directory, Duration.ofMillis((long) (seconds * 1000)));
        System.out.println(table(bench.run(runs)));
        List<LogTables.Table> tables = LogTables.Table.parse(System.getProperty("bench.tables", ""));
        if (!tables.isEmpty()) {
            System.out.println(new LogTables(module, directory, bench.documents, bench.time.dividedBy(2)).run(tables));
        }
    }

    /// Measures, and writes `ingestion.json`.
    ArrayNode run(int runs) throws IOException, InterruptedException, ExecutionException {
        Files.createDirectories(directory);
        Path work = Files.createTempDirectory(directory, "work-");
        Map<Way, List<Sample>> samples = new EnumMap<>(Way.class);
        Map<Way, HttpProducer> producers = new EnumMap<>(Way.class);
        try (BrokerProcess broker = BrokerProcess.start(work)) {
            for (int run = 0; run < runs; run++) {
                for (Way way : ways()) {
                    System.err.println("measuring " + way.label() + ", run " + (run + 1) + " of " + runs);
                    Sample sample = measure(way, broker, producers, work, run);
                    samples.computeIfAbsent(way, _ -> new ArrayList<>()).add(sample);
                }
            }
            for (HttpProducer producer : producers.values()) {
                producer.end();
            }
        } finally {
            producers.values().forEach(HttpProducer::close);
        }
        ArrayNode rows = rows(samples);
        JSON.writerWithDefaultPrettyPrinter()
                .writeValue(directory.resolve("ingestion.json").toFile(), rows);
        return rows;
    }

    private static Set<Way> ways() {
        String chosen = System.getProperty("bench.ways", "");
        Set<Way> ways = EnumSet.allOf(Way.class);
        // All ratios are to the raw client's.
        ways.removeIf(way -> way != Way.RAW
                && !chosen.isEmpty()
                && !Arrays.asList(chosen.split(",")).contains(way.label()));
        return ways;
    }

    private Sample measure(Way way, BrokerProcess broker, Map<Way, HttpProducer> producers, Path work, int run)
            throws IOException, InterruptedException, ExecutionException {
        return switch (way) {
            case RAW -> {
                RawClient client = new RawClient(broker.bootstrapServers(), KafkaMain.DOCUMENTS, Map.of());
                if (run == 0) {
                    client.run(documents, time.multipliedBy(WARMING));
                }
                yield client.run(documents, time).sample();
            }
            case FILE -> file(broker, work.resolve("run-" + run + ".jsonl"));
            case NDJSON -> http(way, broker, producers, work, STREAM_CONNECTIONS, STREAM_DOCUMENTS);
            case SINGLE -> http(way, broker, producers, work, SINGLE_CONNECTIONS, 1);
        };
    }

    private Sample http(
            Way way, BrokerProcess broker, Map<Way, HttpProducer> producers, Path work, int connections, int perRequest)
            throws IOException, InterruptedException {
        HttpProducer known = producers.get(way);
        if (known != null) {
            return known.measure(known.load(connections, perRequest), documents, time);
        }
        HttpProducer producer = HttpProducer.start(
                module, broker.bootstrapServers(), KafkaMain.DOCUMENTS, work.resolve(way.label() + ".log"));
        producers.put(way, producer);
        HttpLoad load = producer.load(connections, perRequest);
        producer.measure(load, documents, time.multipliedBy(WARMING));
        return producer.measure(load, documents, time);
    }

    /// As the command itself reports it: of the last quarter of the file, as the other ways in are warmed up too. The
    /// processor time is that of the whole process.
    private Sample file(BrokerProcess broker, Path file) throws IOException, InterruptedException {
        long lines = Math.max(1_000, 4 * 80_000 * time.toMillis() / 1_000);
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 20)) {
            for (long n = 0; n < lines; n++) {
                out.write(documents.get(n));
                out.write('\n');
            }
        }
        try (AppProcess ingest = AppProcess.start(
                module,
                // What it says is what was committed last: often, so that its time is that of the commit.
                Map.of(
                        "kafka.bootstrap.servers",
                        broker.bootstrapServers(),
                        "millrace.ingest.progress-interval",
                        "20ms"),
                HttpProducer.environment(),
                List.of("ingest", file.toString()),
                Path.of(file + ".log"))) {
            Duration cpu = Duration.ZERO;
            long peak = 0;
            while (ingest.isAlive()) {
                cpu = ingest.cpu().compareTo(cpu) > 0 ? ingest.cpu() : cpu;
                peak = Math.max(peak, ingest.peakMemory());
                Thread.sleep(10);
            }
            if (ingest.awaitExit(LIMIT) != 0) {
                throw new IOException("ingest failed: " + ingest.log());
            }
            List<Progress> progress = progress(ingest.log());
            Progress end = progress.getLast();
            Progress warm = progress.stream()
                    .filter(each -> each.delivered() >= end.delivered() / 4 * 3)
                    .findFirst()
                    .filter(each -> each.delivered() < end.delivered())
                    .orElse(new Progress(0, 0));
            double share = (double) (end.delivered() - warm.delivered()) / end.delivered();
            return new Sample(
                    end.delivered() - warm.delivered(),
                    (end.delivered() - warm.delivered()) * documents.size(),
                    Duration.ofNanos((long) (1e9 * (end.seconds() - warm.seconds()))),
                    Duration.ofNanos((long) (cpu.toNanos() * share)),
                    peak,
                    new long[0]);
        } finally {
            Files.delete(file);
        }
    }

    /// How far an ingestion was.
    private record Progress(long delivered, double seconds) {}

    private static List<Progress> progress(String log) {
        return PROGRESS.matcher(log)
                .results()
                .map(line -> new Progress(
                        number(line.group(2)), (double) number(line.group(2)) / Math.max(1, number(line.group(3)))))
                .toList();
    }

    private static long number(String text) {
        return Long.parseLong(text.replace(",", ""));
    }

    private static ArrayNode rows(Map<Way, List<Sample>> samples) {
        double raw = median(Objects.requireNonNull(samples.get(Way.RAW))).recordsPerSecond();
        ArrayNode rows = JSON.createArrayNode();
        samples.forEach((way, all) -> {
            Sample sample = median(all);
            ObjectNode row = rows.addObject()
                    .put("path", way.label())
                    .put("records_per_s", Math.round(sample.recordsPerSecond()))
                    .put("mb_per_s", sample.megabytesPerSecond())
                    .put("ratio_to_raw", sample.recordsPerSecond() / raw)
                    .put("cpu_s_per_million", sample.cpuSecondsPerMillion())
                    .put("peak_memory_bytes", sample.peakMemory());
            if (sample.latencies().length > 0) {
                row.put("p50_ms", sample.latencyMillis(0.5)).put("p99_ms", sample.latencyMillis(0.99));
            }
            ArrayNode runs = row.putArray("runs_records_per_s");
            all.forEach(each -> runs.add(Math.round(each.recordsPerSecond())));
        });
        return rows;
    }

    private static Sample median(List<Sample> samples) {
        return samples.stream()
                .sorted((a, b) -> Double.compare(a.recordsPerSecond(), b.recordsPerSecond()))
                .toList()
                .get(samples.size() / 2);
    }

    static String table(ArrayNode rows) {
        StringBuilder table = new StringBuilder(String.format(
                Locale.ROOT,
                "%n%-8s %12s %8s %8s %9s %9s %12s %9s  %s%n",
                "path",
                "records/s",
                "MB/s",
                "of raw",
                "p50 ms",
                "p99 ms",
                "CPU s/M",
                "peak MB",
                "runs, records/s"));
        rows.forEach(row -> table.append(String.format(
                Locale.ROOT,
                "%-8s %,12d %8.1f %8.2f %9.1f %9.1f %12.1f %9.0f  %s%n",
                row.get("path").asText(),
                row.get("records_per_s").asLong(),
                row.get("mb_per_s").asDouble(),
                row.get("ratio_to_raw").asDouble(),
                row.path("p50_ms").asDouble(Double.NaN),
                row.path("p99_ms").asDouble(Double.NaN),
                row.get("cpu_s_per_million").asDouble(),
                row.get("peak_memory_bytes").asLong() / 1e6,
                row.get("runs_records_per_s"))));
        return table.toString();
    }
}
