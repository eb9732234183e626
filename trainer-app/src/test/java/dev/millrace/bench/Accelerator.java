package dev.millrace.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A device that real sizes are measured on.
///
/// @param device as [dev.millrace.trainer.learn.DeviceChoice] has it: `gpu:0`
/// @param name as its maker calls it
/// @param freeBytes of its memory before anything is done
/// @param peakTflops 10^12 operations per second of dense matrix products in bf16, as its maker says; null where nobody
///     has said it
record Accelerator(
        String device,
        String name,
        long freeBytes,
        @Nullable Double peakTflops) {
    /// Dense, in bf16, from NVIDIA's data sheets (which print twice as much, for sparse ones). By the whole
    /// name: a part of a divided card, or a card that is sold slower under a like one, is another.
    private static final Map<String, Double> PUBLISHED = Map.of(
            "NVIDIA H100 80GB HBM3", 989.0,
            "NVIDIA H200", 989.0,
            "NVIDIA H100 PCIe", 756.0,
            "NVIDIA A100-SXM4-80GB", 312.0,
            "NVIDIA A100-SXM4-40GB", 312.0,
            "NVIDIA A100 80GB PCIe", 312.0,
            "NVIDIA A100-PCIE-40GB", 312.0);

    /// @param givenTflops `bench.peak-tflops`, empty where nobody has said it
    static Accelerator of(String device, GpuCard card, String givenTflops) {
        return new Accelerator(device, card.name(), card.freeBytes(), peak(card.name(), givenTflops));
    }

    private static @Nullable Double peak(String name, String given) {
        if (given.isEmpty()) {
            return PUBLISHED.get(name);
        }
        double tflops = Double.parseDouble(given);
        if (!(tflops > 0) || Double.isInfinite(tflops)) {
            throw new IllegalArgumentException("bench.peak-tflops is " + given + ", it must be a positive number");
        }
        return tflops;
    }

    /// The share of the maker's figure that a rate is.
    ///
    /// @return null where there is no such figure
    @Nullable
    Double share(double gflops) {
        return peakTflops == null ? null : gflops / (1e3 * peakTflops);
    }

    /// What a reader of a table has to know of a device's rows.
    static List<String> remarks(List<Measured> rows) {
        List<String> remarks = new ArrayList<>();
        for (Measured row : rows) {
            if (row.device() != null) {
                remarks.add(
                        row.peakTflops() == null
                                ? "on " + row.device() + ", whose published rate in bf16 is not known here: without"
                                        + " -Dbench.peak-tflops=… there is no mfu"
                                : String.format(
                                        Locale.ROOT,
                                        "on %s; mfu: of the %.0f TFLOP/s that its maker gives it in bf16, dense",
                                        row.device(),
                                        row.peakTflops()));
                BenchShape shape = BenchShape.of(row.shape());
                shape.whole()
                        .ifPresent(whole -> remarks.add(String.format(
                                Locale.ROOT,
                                "%s: its first layers; the head takes %.0f %% of the operations, of all layers it would be"
                                        + " %.0f %%",
                                row.shape(),
                                100 * shape.headShare(),
                                100 * whole.headShare())));
            }
        }
        return remarks.stream().distinct().toList();
    }
}
