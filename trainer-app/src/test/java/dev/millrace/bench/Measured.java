package dev.millrace.bench;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// How fast one model trained, in one type.
///
/// @param dtype of matrix products, `fp32` or `bf16`
/// @param parameters all of them
/// @param activeParameters see [BenchShape#activeParameters]
/// @param threads that libtorch had
/// @param rows of a step: those of the shape, or fewer where a step would have taken too long
/// @param steps that were measured
/// @param stepMs mean wall time of a step
/// @param fastestStepMs the best of them
/// @param slowestStepMs the worst of them
/// @param tokensPerS over all measured steps
/// @param modelGflops 10^9 operations per second, see [BenchShape#flopsPerToken]
/// @param matmulGflops the same of matrix products alone, see [MatrixProduct], taken between the steps
/// @param shareOfPeak of the matrix products' rate that the model reaches
/// @param allocator that had the memory, see [ProcessMemory#allocator]
/// @param peakMemoryBytes most memory that the process ever had (`VmHWM`), on a GPU see [GpuCard#usedBytes]
/// @param forwardMs of a step; so are the next three, and together they are `stepMs`
/// @param restMs between the calls of the learner, and before and after the passes
/// @param outsideLibtorchShare of the step's time that the training thread was not in a native call
/// @param samples that the split rests on, see [StepSampler] and [WaitedSplit]
/// @param device that was measured, where it is not the CPU; the next three are of it as well
/// @param recompute what the way back computed again: `none` or `layers`; that counts as no model's operation
/// @param peakTflops see [Accelerator]
/// @param mfu of those the share that the model reaches: of bf16 only, the type that they are of
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
record Measured(
        String shape,
        String dtype,
        long parameters,
        long activeParameters,
        int threads,
        int rows,
        int steps,
        double stepMs,
        double fastestStepMs,
        double slowestStepMs,
        double tokensPerS,
        double modelGflops,
        double matmulGflops,
        double shareOfPeak,
        String allocator,
        long peakMemoryBytes,
        double forwardMs,
        double backwardMs,
        double optimizerMs,
        double restMs,
        double outsideLibtorchShare,
        long samples,
        @Nullable String device,
        @Nullable String recompute,
        @Nullable Double peakTflops,
        @Nullable Double mfu) {

    private static final int SHAPE_WIDTH = 13;

    static String header(List<Measured> rows) {
        return String.format(
                        "%-" + width(rows) + "s %-5s %9s %9s %8s %8s %6s %8s %32s %9s %9s %9s %7s %7s",
                        "shape",
                        "dtype",
                        "active",
                        "tokens/s",
                        "model",
                        "matmul",
                        "share",
                        "memory",
                        "steps x rows: fastest-slowest ms",
                        "forward",
                        "backward",
                        "optimizer",
                        "rest",
                        "outside")
                + (onDevice(rows) ? "     mfu  recompute" : "");
    }

    private static int width(List<Measured> rows) {
        return rows.stream().mapToInt(row -> row.shape.length()).reduce(SHAPE_WIDTH, Math::max);
    }

    private static boolean onDevice(List<Measured> rows) {
        return rows.stream().anyMatch(row -> row.device != null);
    }

    static final String LEGEND = "active: parameters that a token meets; model, matmul: GFLOP/s, share the one of the"
            + " other; memory: peak, MiB;\nforward, backward, optimizer, rest: ms of a step;"
            + " outside: share of the step's time outside libtorch";

    /// @param all rows of the table
    String line(List<Measured> all) {
        return String.format(
                        Locale.ROOT,
                        "%-" + width(all)
                                + "s %-5s %8.1fM %9.0f %8.1f %8.1f %5.1f%% %8d %32s %9.0f %9.0f %9.0f %7.1f %6.2f%%",
                        shape,
                        dtype,
                        activeParameters / 1e6,
                        tokensPerS,
                        modelGflops,
                        matmulGflops,
                        100 * shareOfPeak,
                        peakMemoryBytes >> 20,
                        String.format(Locale.ROOT, "%d x %d: %.0f-%.0f", steps, rows, fastestStepMs, slowestStepMs),
                        forwardMs,
                        backwardMs,
                        optimizerMs,
                        restMs,
                        100 * outsideLibtorchShare)
                + (device == null ? "" : onDevice());
    }

    private String onDevice() {
        String share = mfu == null ? "-" : String.format(Locale.ROOT, "%.1f%%", 100 * mfu);
        return String.format(Locale.ROOT, " %7s  %s", share, recompute);
    }
}
