package dev.millrace.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.trainer.model.Precision;
import dev.millrace.trainer.model.Recompute;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchTest {
    private static final List<Precision> BOTH = List.of(Precision.FP32, Precision.BF16);

    /// No GPU, but everything that is done with one is done with it.
    private static final Accelerator STAND_IN = new Accelerator("cpu", "a stand-in", 1_000_000_000, 2.0);

    @TempDir
    private Path directory;

    @Test
    void writesAnEntryForEveryShapeAndTypeWhoseSplitAddsUpToTheStep() throws Exception {
        // When
        List<Measured> rows = Bench.run(directory, Optional.empty(), List.of("dense-tiny", "moe-tiny"), BOTH, 0.5, 1);
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
            assertThat(entry.has("device")).isFalse();
            assertThat(entry.has("mfu")).isFalse();
        }
        assertThat(Bench.table(rows)).contains("moe-tiny in fp32: ").contains("moe-tiny in bf16: ");
    }

    @Test
    void theCpuIsNoDeviceOfItsOwn() throws Exception {
        assertThat(AcceleratorLook.take(directory, "cpu", "")).isEmpty();
    }

    @Test
    void aDeviceIsMeasuredWithWhatItHasRoomForAndAgainstWhatItsMakerGivesIt() throws Exception {
        // When
        List<Measured> rows =
                Bench.run(directory, Optional.of(STAND_IN), List.of("v2-lite", "moe-tiny-1-of-2-layers"), BOTH, 0.2, 1);

        // Then
        JsonNode entries =
                new ObjectMapper().readTree(directory.resolve("model.json").toFile());
        assertThat(entries)
                .extracting(entry ->
                        entry.get("shape").asText() + " " + entry.get("dtype").asText())
                .containsExactly("moe-tiny-1-of-2-layers fp32", "moe-tiny-1-of-2-layers bf16");
        assertThat(entries.get(0).has("mfu")).isFalse();
        JsonNode bf16 = entries.get(1);
        assertThat(bf16.get("device").asText()).isEqualTo("a stand-in");
        assertThat(bf16.get("recompute").asText()).isEqualTo("none");
        assertThat(bf16.get("mfu").asDouble())
                .isCloseTo(bf16.get("model_gflops").asDouble() / 2000, within(1e-9))
                .isPositive();
        double split = bf16.get("forward_ms").asDouble()
                + bf16.get("backward_ms").asDouble()
                + bf16.get("optimizer_ms").asDouble();
        assertThat(split).isCloseTo(bf16.get("step_ms").asDouble(), within(1e-6 * split));
        assertThat(bf16.get("optimizer_ms").asDouble()).isPositive();
        assertThat(Bench.table(rows))
                .contains("recompute")
                .contains("on a stand-in; mfu: of the 2 TFLOP/s")
                .contains("moe-tiny-1-of-2-layers: its first layers; the head takes");
    }

    @Test
    void aStepTakesAboutTheMemoryThatItIsSaidTo() throws Exception {
        // When
        List<Measured> rows = Bench.run(
                directory, Optional.empty(), List.of("dense-tiny", "dense-512x2"), List.of(Precision.FP32), 2, 1);

        // Then
        assertThat(rows.getLast().rows()).isEqualTo(8);
        TrainingMemory memory = TrainingMemory.of(BenchShape.DENSE_512X2, 8, Precision.FP32, Recompute.NONE, false);
        long taken = rows.getLast().peakMemoryBytes() - rows.getFirst().peakMemoryBytes();
        assertThat(taken / (double) memory.total()).isBetween(0.6, 1.5);
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
        assertThatThrownBy(() -> Bench.run(directory, Optional.empty(), List.of("dense-1x1"), BOTH, 1, 1))
                .hasMessageContaining("There is no shape dense-1x1, there are dense-256x6");
    }
}
