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
import org.apache.kafka.clients.admin.Admin;

/// How the log takes documents under one setting and another: the client of [RawClient], which each way in comes down
/// to. One measurement each, on brokers in this JVM: rows of one table may be compared, and no others.
///
/// Writes `tables.json`.
final class LogTables {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String TOPIC = "documents";
    private static final int PARTITIONS = 4;

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

    LogTables(Path directory, Documents documents, Duration time) {
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
            var _ = measure(one, PARTITIONS, 1, Map.of());
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
            case COMPRESSION -> compare(one, compressions());
            case PARTITIONER -> compare(one, partitioners());
            case LINGER -> compare(one, lingers());
            case PARTITIONS -> {
                ArrayNode rows = JSON.createArrayNode();
                for (int partitions : new int[] {1, 4, 16}) {
                    rows.add(row(partitions + " partitions", measure(one, partitions, 1, Map.of())));
                }
                yield rows;
            }
            case PRODUCERS -> {
                ArrayNode rows = JSON.createArrayNode();
                for (int producers : new int[] {1, 2, 4}) {
                    rows.add(row(producers + " producers", measure(one, PARTITIONS, producers, Map.of())));
                }
                yield rows;
            }
            case BROKERS -> {
                ArrayNode rows = JSON.createArrayNode();
                rows.add(row("1 broker, 1 replica", measure(one, PARTITIONS, 1, Map.of())));
                try (EmbeddedKafka three = EmbeddedKafka.start(3, Files.createTempDirectory(directory, "three-"))) {
                    rows.add(row("3 brokers, 3 replicas", measure(three, PARTITIONS, 1, Map.of())));
                }
                yield rows;
            }
            case LATENCY -> latencies(one);
        };
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

    private ArrayNode compare(EmbeddedKafka kafka, Map<String, Map<String, ?>> settings)
            throws IOException, InterruptedException, ExecutionException {
        ArrayNode rows = JSON.createArrayNode();
        for (Map.Entry<String, Map<String, ?>> each : settings.entrySet()) {
            rows.add(row(each.getKey(), measure(kafka, PARTITIONS, 1, each.getValue())));
        }
        return rows;
    }

    /// @param wireBytes that left the clients
    /// @param diskBytes of the topic, on all brokers
    private record Measured(
            long records, double recordsPerSecond, double p50, double p99, long wireBytes, long diskBytes) {}

    private Measured measure(EmbeddedKafka kafka, int partitions, int producers, Map<String, ?> settings)
            throws IOException, InterruptedException, ExecutionException {
        String topic = topic(kafka, partitions);
        List<RawClient.Outcome> outcomes = new ArrayList<>();
        long began = System.nanoTime();
        try (ExecutorService threads = Executors.newFixedThreadPool(producers)) {
            List<Future<RawClient.Outcome>> running = new ArrayList<>();
            for (int each = 0; each < producers; each++) {
                running.add(threads.submit(
                        () -> new RawClient(kafka.bootstrapServers(), topic, settings).run(documents, time)));
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

    private static ObjectNode row(String name, Measured measured) {
        double megabytes = measured.records() * (double) Documents.SIZE / 1e6;
        return JSON.createObjectNode()
                .put("setting", name)
                .put("records_per_s", Math.round(measured.recordsPerSecond()))
                .put("mb_per_s", measured.recordsPerSecond() * Documents.SIZE / 1e6)
                .put("wire_mb_per_mb", measured.wireBytes() / 1e6 / megabytes)
                .put("disk_mb_per_mb", measured.diskBytes() / 1e6 / megabytes)
                .put("p50_ms", measured.p50())
                .put("p99_ms", measured.p99());
    }

    /// From the call that sends a record to the poll that gives it, at shares of what the log takes at most.
    private ArrayNode latencies(EmbeddedKafka kafka) throws IOException, InterruptedException, ExecutionException {
        double most = measure(kafka, PARTITIONS, 1, Map.of()).recordsPerSecond();
        ArrayNode rows = JSON.createArrayNode();
        for (double share : new double[] {0.1, 0.5, 0.9}) {
            double rate = most * share;
            Sample sample = new ConsumeLatency(kafka.bootstrapServers(), topic(kafka, PARTITIONS))
                    .measure(documents, rate, time);
            rows.addObject()
                    .put("setting", Math.round(share * 100) + " % of the most")
                    .put("records_per_s", Math.round(sample.recordsPerSecond()))
                    .put("p50_ms", sample.latencyMillis(0.5))
                    .put("p99_ms", sample.latencyMillis(0.99));
        }
        return rows;
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
