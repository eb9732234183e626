package dev.millrace.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchTest {
    @TempDir
    private Path directory;

    @Test
    void writesAnEntryForEveryShapeAndTypeWhoseSplitAddsUpToTheStep() throws Exception {
        // When
        List<Measured> rows = Bench.run(directory, List.of("dense-tiny", "moe-tiny"), List.of("fp32", "bf16"), 0.5, 1);
        // Then
        JsonNode entries =
                new ObjectMapper().readTree(directory.resolve("model.json").toFile());
        assertThat(entries.isArray()).isTrue();
        assertThat(entries)
                .extracting(entry ->
                        entry.get("shape").asText() + " " + entry.get("dtype").asText())
                .containsExactly("dense-tiny fp32", "dense-tiny bf16", "moe-tiny fp32", "moe-tiny bf16");
        for (JsonNode entry : entries) {
            for (String key : List.of("tokens_per_s", "model_gflops", "matmul_gflops", "share_of_peak")) {
                assertThat(entry.get(key).asDouble()).as(key).isPositive();
            }
            assertThat(entry.get("peak_memory_bytes").asLong()).isGreaterThan(50L << 20);
            double split = entry.get("forward_ms").asDouble()
                    + entry.get("backward_ms").asDouble()
                    + entry.get("optimizer_ms").asDouble()
                    + entry.get("rest_ms").asDouble();
            assertThat(split).isCloseTo(entry.get("step_ms").asDouble(), within(1e-6 * split));
        }
        assertThat(Bench.table(rows)).contains("moe-tiny in fp32: ").contains("moe-tiny in bf16: ");
    }

    @Test
    void exactlyOnceIsMeasuredWithRealCheckpointsAndARealLedger() throws Exception {
        ExactlyOnceCost.Cost cost = Bench.exactlyOnce(directory, BenchShape.DENSE_TINY, 0.2, 1);

        assertThat(cost.stallMs()).isPositive();
        assertThat(cost.writeMs()).isPositive();
        assertThat(cost.ledgerMs()).isPositive();
        assertThat(cost.share())
                .isCloseTo(
                        (cost.stallMs() + 100 * cost.ledgerMs())
                                / (100 * cost.stepMs() + cost.stallMs() + 100 * cost.ledgerMs()),
                        within(1e-9));
        // 16 bytes an id, and a little to say whose they are.
        assertThat(cost.seenIdBytes()).isBetween(1_600_000L, 1_601_000L);
    }

    @Test
    void memoryIsLookedAtInTheCourseOfTraining() throws Exception {
        // When
        List<MemoryCourse.Course> courses = Bench.memory(directory, BenchShape.MOE_TINY, 30, 1);

        // Then
        assertThat(courses).hasSize(2).allSatisfy(course -> {
            assertThat(course.residentBytes())
                    .hasSize(3)
                    .allSatisfy(bytes -> assertThat(bytes).isBetween(50L << 20, course.peakBytes()));
            assertThat(course.line()).contains("moe-tiny").contains(course.allocator());
        });
        assertThat(courses.getLast().allocator()).isEqualTo("glibc");
        assertThat(new ObjectMapper().readTree(directory.resolve("memory.json").toFile()))
                .hasSize(2);
    }

    @Test
    void countsTheWeightsThatATokenMeets() {
        // dense: 2 layers of 4 x 32 x 32 and 3 x 32 x 64, head 32 x 96
        assertThat(BenchShape.DENSE_TINY.activeParameters()).isEqualTo(2 * (4096 + 6144) + 3072);
        // attention q 48, kv_a 20, kv_b 64 from 16, o 32; router 8; 2 of 8 experts and 1 shared of 16
        assertThat(BenchShape.MOE_TINY.activeParameters())
                .isEqualTo(2 * (48 * 32 + 20 * 32 + 64 * 16 + 32 * 32 + 8 * 32 + 3 * 3 * 32 * 16) + 3072);
        // 6 per weight; 3 x 2 layers x 32 positions x 4 heads x (8 + 8) channels
        assertThat(BenchShape.DENSE_TINY.flopsPerToken()).isEqualTo(6.0 * 23552 + 3 * 2 * 32 * 4 * 16);
    }

    @Test
    void packsWithoutAllocatingMuchBesideTheWindows() throws Exception {
        // When
        TokenizeMeasured measured = TokenizeBench.run(
                directory,
                Path.of("src/main/resources/quickstart/tokenizer"),
                TokenizeBench.documents().subList(0, 40),
                0.05);
        // Then
        JsonNode written =
                new ObjectMapper().readTree(directory.resolve("tokenize.json").toFile());
        assertThat(written.get("tokens").asLong()).isEqualTo(measured.tokens());
        assertThat(measured.tokens()).isGreaterThan(50_000);
        assertThat(measured.packOverheadBytesPerToken()).isLessThan(1);
        assertThat(measured.line()).contains("40 documents");
    }

    @Test
    void documentsAreReadFromARealBrokerAsOftenAsItTakes() throws Exception {
        // When
        IntakeBench.Rate rate =
                IntakeBench.run(directory, TokenizeBench.documents().subList(0, 40), 500, 0.1);
        // Then
        JsonNode written =
                new ObjectMapper().readTree(directory.resolve("intake.json").toFile());
        assertThat(written.get("records").asLong()).isEqualTo(rate.records()).isPositive();
        assertThat(rate.records() % 500).isZero();
        assertThat(rate.bytesPerRecord()).isBetween(4_000.0, 5_000.0);
        assertThat(rate.line()).contains("records/s");
    }

    @Test
    void refusesAShapeThatItDoesNotHave() {
        assertThatThrownBy(() -> Bench.run(directory, List.of("dense-1x1"), List.of("fp32"), 1, 1))
                .hasMessageContaining("There is no shape dense-1x1, there are dense-256x6");
    }
}
