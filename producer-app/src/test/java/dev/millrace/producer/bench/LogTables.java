package dev.millrace.producer.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.testing.EmbeddedKafka;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;

/// How the log takes documents under one setting and another: the client of [RawClient], which each way in comes down
/// to, and [HttpTables]. One measurement each, on brokers in this JVM: rows of one table may be compared, and no
/// others.
///
/// Writes `tables.json`.
final class LogTables {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String TOPIC = "documents";
    private static final int PARTITIONS = 4;
    private static final int TURNS = 2;

    private final Path module;
    private final Path directory;
    private final Documents documents;
    private final Duration time;
    private int topics;

    /// What is compared.
    enum Table {
        COMPRESSION,
        PARTITIONER,
        PARTITIONS,
        PRODUCERS,
        BROKERS,
        LINGER,
        SIZE,
        LATENCY;

        /// @param text names with commas between, or `all`
        static List<Table> parse(String text) {
            if (text.isBlank()) {
                return List.of();
            }
            return text.equals("all")
                    ? List.of(values())
                    : Arrays.stream(text.split(","))
                            .map(name -> valueOf(name.strip().toUpperCase(Locale.ROOT)))
                            .toList();
        }
    }

    /// @param module whose packaged app takes what is sent over HTTP
    LogTables(Path module, Path directory, Documents documents, Duration time) {
        this.module = module;
        this.directory = directory;
        this.documents = documents;
        this.time = time;
    }

    /// @return the tables, for people
    String run(List<Table> tables) throws IOException, InterruptedException, ExecutionException {
        Files.createDirectories(directory);
        ObjectNode all = JSON.createObjectNode();
        try (EmbeddedKafka one = EmbeddedKafka.start(1, Files.createTempDirectory(directory, "one-"))) {
            // Warms this JVM, broker and client.
            var _ = measure(new Setup("warming", one, PARTITIONS, 1, Map.of()));
            for (Table table : tables) {
                System.err.println("measuring " + table.name().toLowerCase(Locale.ROOT));
                all.set(table.name().toLowerCase(Locale.ROOT), rows(table, one));
            }
        }
        JSON.writerWithDefaultPrettyPrinter()
                .writeValue(directory.resolve("tables.json").toFile(), all);
        return text(all);
    }

    private ArrayNode rows(Table table, EmbeddedKafka one)
            throws IOException, InterruptedException, ExecutionException {
        return switch (table) {
            case COMPRESSION -> compare(setups(one, compressions()));
            case PARTITIONER -> compare(setups(one, partitioners()));
            case LINGER -> compare(setups(one, lingers()));
            case PARTITIONS ->
                compare(Stream.of(1, 4, 16)
                        .map(partitions -> new Setup(partitions + " partitions", one, partitions, 1, Map.of()))
                        .toList());
            case PRODUCERS ->
                compare(Stream.of(1, 2, 4)
                        .map(producers -> new Setup(producers + " producers", one, PARTITIONS, producers, Map.of()))
                        .toList());
            case BROKERS -> {
                try (EmbeddedKafka three = EmbeddedKafka.start(3, Files.createTempDirectory(directory, "three-"))) {
                    yield compare(List.of(
                            new Setup("1 broker, 1 replica", one, PARTITIONS, 1, Map.of()),
                            new Setup("3 brokers, 3 replicas", three, PARTITIONS, 1, Map.of())));
                }
            }
            case SIZE -> http(one).sizes(new int[] {Documents.KIBIBYTE, 4 * Documents.KIBIBYTE});
            case LATENCY -> http(one).latencies(documents);
        };
    }

    private HttpTables http(EmbeddedKafka kafka) {
        return new HttpTables(module, directory, kafka.bootstrapServers(), topic(kafka, PARTITIONS), time);
    }

    private static Map<String, Map<String, ?>> compressions() {
        Map<String, Map<String, ?>> compressions = new LinkedHashMap<>();
        compressions.put("none", Map.of("compression.type", "none"));
        compressions.put("lz4", Map.of("compression.type", "lz4"));
        for (int level : new int[] {1, 3, 6, 9}) {
            compressions.put("zstd " + level, Map.of("compression.type", "zstd", "compression.zstd.level", level));
        }
        compressions.put("gzip", Map.of("compression.type", "gzip"));
        return compressions;
    }

    private static Map<String, Map<String, ?>> partitioners() {
        Map<String, Map<String, ?>> partitioners = new LinkedHashMap<>();
        partitioners.put("key hash", Map.of());
        partitioners.put("sticky", Map.of("partitioner.ignore.keys", true));
        partitioners.put(
                "round robin", Map.of("partitioner.class", "org.apache.kafka.clients.producer.RoundRobinPartitioner"));
        return partitioners;
    }

    private static Map<String, Map<String, ?>> lingers() {
        Map<String, Map<String, ?>> lingers = new LinkedHashMap<>();
        for (int millis : new int[] {0, 1, 2, 5, 20}) {
            lingers.put(millis + " ms", Map.of("linger.ms", millis));
        }
        return lingers;
    }

    /// @param settings that are not those of the channel
    private record Setup(String name, EmbeddedKafka kafka, int partitions, int producers, Map<String, ?> settings) {}

    private static List<Setup> setups(EmbeddedKafka kafka, Map<String, Map<String, ?>> settings) {
        return settings.entrySet().stream()
                .map(each -> new Setup(each.getKey(), kafka, PARTITIONS, 1, each.getValue()))
                .toList();
    }

    /// In turns, and the better one counts: what disturbs a machine takes from its rate, and never adds.
    private ArrayNode compare(List<Setup> setups) throws IOException, InterruptedException, ExecutionException {
        Map<String, Measured> best = new LinkedHashMap<>();
        for (int turn = 0; turn < TURNS; turn++) {
            for (Setup setup : setups) {
                best.merge(
                        setup.name(),
                        measure(setup),
                        (one, other) -> one.recordsPerSecond() >= other.recordsPerSecond() ? one : other);
            }
        }
        ArrayNode rows = JSON.createArrayNode();
        best.forEach((name, measured) -> rows.add(row(name, measured)));
        return rows;
    }

    /// @param wireBytes that left the clients
    /// @param diskBytes of the topic, on all brokers
    private record Measured(
            long records, double recordsPerSecond, double p50, double p99, long wireBytes, long diskBytes) {}

    private Measured measure(Setup setup) throws IOException, InterruptedException, ExecutionException {
        EmbeddedKafka kafka = setup.kafka();
        String topic = topic(kafka, setup.partitions());
        List<RawClient.Outcome> outcomes = new ArrayList<>();
        long began = System.nanoTime();
        try (ExecutorService threads = Executors.newFixedThreadPool(setup.producers())) {
            List<Future<RawClient.Outcome>> running = new ArrayList<>();
            for (int each = 0; each < setup.producers(); each++) {
                running.add(threads.submit(
                        () -> new RawClient(kafka.bootstrapServers(), topic, setup.settings()).run(documents, time)));
            }
            for (Future<RawClient.Outcome> each : running) {
                outcomes.add(each.get());
            }
        }
        double seconds = (System.nanoTime() - began) / 1e9;
        long records =
                outcomes.stream().mapToLong(each -> each.sample().records()).sum();
        Sample first = outcomes.getFirst().sample();
        return new Measured(
                records,
                records / seconds,
                first.latencyMillis(0.5),
                first.latencyMillis(0.99),
                outcomes.stream().mapToLong(RawClient.Outcome::wireBytes).sum(),
                diskBytes(kafka, topic));
    }

    private String topic(EmbeddedKafka kafka, int partitions) {
        String topic = TOPIC + "-" + topics++;
        kafka.createTopic(topic, partitions);
        return topic;
    }

    private static long diskBytes(EmbeddedKafka kafka, String topic) throws InterruptedException, ExecutionException {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.bootstrapServers()))) {
            List<Integer> brokers = admin.describeCluster().nodes().get().stream()
                    .map(node -> node.id())
                    .toList();
            return admin.describeLogDirs(brokers).allDescriptions().get().values().stream()
                    .flatMap(directories -> directories.values().stream())
                    .flatMap(directory -> directory.replicaInfos().entrySet().stream())
                    .filter(replica -> replica.getKey().topic().equals(topic))
                    .mapToLong(replica -> replica.getValue().size())
                    .sum();
        }
    }

    private ObjectNode row(String name, Measured measured) {
        double megabytes = measured.records() * (double) documents.size() / 1e6;
        return JSON.createObjectNode()
                .put("setting", name)
                .put("records_per_s", Math.round(measured.recordsPerSecond()))
                .put("mb_per_s", measured.recordsPerSecond() * documents.size() / 1e6)
                .put("wire_mb_per_mb", measured.wireBytes() / 1e6 / megabytes)
                .put("disk_mb_per_mb", measured.diskBytes() / 1e6 / megabytes)
                .put("p50_ms", measured.p50())
                .put("p99_ms", measured.p99());
    }

    static String text(ObjectNode all) {
        StringBuilder text = new StringBuilder();
        all.properties().forEach(table -> {
            text.append(String.format(
                    Locale.ROOT,
                    "%n%-24s %12s %8s %10s %10s %9s %9s%n",
                    table.getKey(),
                    "records/s",
                    "MB/s",
                    "wire MB/MB",
                    "disk MB/MB",
                    "p50 ms",
                    "p99 ms"));
            table.getValue()
                    .forEach(row -> text.append(String.format(
                            Locale.ROOT,
                            "%-24s %,12d %8.1f %10.3f %10.3f %9.1f %9.1f%n",
                            row.get("setting").asText(),
                            row.get("records_per_s").asLong(),
                            row.path("mb_per_s").asDouble(Double.NaN),
                            row.path("wire_mb_per_mb").asDouble(Double.NaN),
                            row.path("disk_mb_per_mb").asDouble(Double.NaN),
                            row.get("p50_ms").asDouble(),
                            row.get("p99_ms").asDouble())));
        });
        return text.toString();
    }
}
