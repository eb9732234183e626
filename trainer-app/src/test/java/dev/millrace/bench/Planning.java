package dev.millrace.bench;

import dev.millrace.trainer.model.ExpertShape;
import dev.millrace.trainer.model.Precision;
import dev.millrace.trainer.model.Recompute;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/// Chooses what a device is measured with, by the memory that [TrainingMemory] says it takes.
final class Planning {
    /// So many rows and more fill a GPU, as far as four of 4096 tokens do.
    private static final int ENOUGH_ROWS = 4;
    /// Of the memory that is free. The rest is CUDA's own, what its libraries work in, and what lies between blocks.
    private static final double USABLE = 0.9;

    private Planning() {}

    /// What a CPU is measured with, and a device that shapes are named for; where none is, the real ones: whole where
    /// that fits, else the most of their layers that do.
    ///
    /// @param device empty: the CPU
    /// @param labels of shapes; empty: those that suit the device
    static List<Plan> all(Optional<Accelerator> device, List<String> labels, List<Precision> precisions) {
        if (device.isEmpty()) {
            List<BenchShape> shapes = labels.isEmpty()
                    ? BenchShape.SMALL
                    : labels.stream().map(BenchShape::of).toList();
            return plans(shapes, precisions, Plan.OnCpu::new);
        }
        long free = device.get().freeBytes();
        return labels.isEmpty()
                ? plans(BenchShape.REAL, precisions, (shape, precision) -> deepest(shape, precision, free))
                : plans(
                        labels.stream().map(BenchShape::of).toList(),
                        precisions,
                        (shape, precision) -> fitting(shape, precision, free));
    }

    private static List<Plan> plans(
            List<BenchShape> shapes, List<Precision> precisions, BiFunction<BenchShape, Precision, Plan> planner) {
        List<Plan> plans = new ArrayList<>();
        for (BenchShape shape : shapes) {
            precisions.forEach(precision -> plans.add(planner.apply(shape, precision)));
        }
        return plans;
    }

    /// The shape as it is: with all that the way back needs kept, where that leaves room for [#ENOUGH_ROWS], or for as
    /// many as there would be without.
    private static Plan fitting(BenchShape shape, Precision precision, long free) {
        int keeping = rows(shape, precision, Recompute.NONE, free);
        int again = rows(shape, precision, Recompute.LAYERS, free);
        if (again == 0) {
            long needed = TrainingMemory.of(shape, 1, precision, Recompute.LAYERS, true)
                    .total();
            return new Plan.TooLarge(shape, precision, needed, free);
        }
        return keeping >= Math.min(ENOUGH_ROWS, again)
                ? new Plan.OnDevice(shape, precision, keeping, Recompute.NONE)
                : new Plan.OnDevice(shape, precision, again, Recompute.LAYERS);
    }

    private static Plan deepest(BenchShape shape, Precision precision, long free) {
        int all = shape.config().layers();
        return first(Stream.of(shape), precision, free, plan -> plan.rows() >= ENOUGH_ROWS)
                .or(() -> first(
                        cuts(shape, all),
                        precision,
                        free,
                        plan -> plan.rows() >= ENOUGH_ROWS && plan.recompute() == Recompute.NONE))
                .or(() -> first(cuts(shape, all), precision, free, _ -> true))
                .orElseGet(() -> fitting(shape, precision, free));
    }

    /// With ever fewer layers, of a model with experts one that has them at least.
    private static Stream<BenchShape> cuts(BenchShape shape, int all) {
        int dense = shape.config().experts().map(ExpertShape::firstLayer).orElse(0);
        return IntStream.range(1, all - dense).mapToObj(fewer -> shape.first(all - fewer));
    }

    private static Optional<Plan> first(
            Stream<BenchShape> shapes, Precision precision, long free, Predicate<Plan.OnDevice> wanted) {
        return shapes.map(shape -> fitting(shape, precision, free))
                .filter(plan -> plan instanceof Plan.OnDevice fits && wanted.test(fits))
                .findFirst();
    }

    /// The most rows that fit, each half as many as the last.
    private static int rows(BenchShape shape, Precision precision, Recompute recompute, long free) {
        int rows = shape.rows();
        while (rows > 0
                && TrainingMemory.of(shape, rows, precision, recompute, true).total() > USABLE * free) {
            rows /= 2;
        }
        return rows;
    }
}
