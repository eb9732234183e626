package dev.millrace.producer.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
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
}
