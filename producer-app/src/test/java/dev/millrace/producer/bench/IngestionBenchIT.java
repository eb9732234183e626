package dev.millrace.producer.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The benchmark, in short: every way in delivers what it was given, and has its row.
class IngestionBenchIT {
    @TempDir
    Path directory;

    @Test
    void everyWayInIsMeasuredAgainstTheRawClient() throws Exception {
        ArrayNode rows = new IngestionBench(Path.of("."), directory, Duration.ofMillis(300)).run(1);

        assertThat(StreamSupport.stream(rows.spliterator(), false)
                        .map(row -> row.get("path").asText()))
                .isEqualTo(List.of("raw", "file", "ndjson", "single"));
        for (JsonNode row : rows) {
            assertThat(row.get("records_per_s").asLong()).isPositive();
            assertThat(row.get("ratio_to_raw").asDouble()).isPositive();
        }
        assertThat(directory.resolve("ingestion.json")).isNotEmptyFile();
        assertThat(IngestionBench.table(rows).lines()).hasSize(6);
    }

    @Test
    void everyTableHasItsRows() throws Exception {
        String text = new LogTables(
                        Path.of("."), directory, new Documents(1, Documents.KIBIBYTE), Duration.ofMillis(100))
                .run(List.of(
                        LogTables.Table.COMPRESSION,
                        LogTables.Table.PARTITIONER,
                        LogTables.Table.PRODUCERS,
                        LogTables.Table.SIZE,
                        LogTables.Table.LATENCY));

        JsonNode tables =
                new ObjectMapper().readTree(directory.resolve("tables.json").toFile());
        assertThat(tables.get("compression")).hasSize(7);
        assertThat(tables.get("compression").get(3).get("disk_mb_per_mb").asDouble())
                .as("zstd beside none")
                .isLessThan(
                        tables.get("compression").get(0).get("disk_mb_per_mb").asDouble());
        assertThat(tables.get("partitioner")).hasSize(3);
        assertThat(tables.get("producers")).hasSize(3);
        assertThat(tables.get("size"))
                .hasSize(4)
                .allMatch(row -> row.get("records_per_s").asLong() > 0);
        assertThat(tables.get("latency"))
                .hasSize(6)
                .allMatch(row -> row.get("records_per_s").asLong() > 0);
        // In so short a time one of the others may bring nothing after the consumer has warmed up.
        assertThat(tables.get("latency").get(2).get("p99_ms").asDouble()).isPositive();
        assertThat(text).contains("zstd 3", "key hash", "4 producers", "4 KiB, NDJSON", "1 a request, 75 %");
    }
}
