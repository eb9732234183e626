package dev.millrace.bench;

import ai.djl.Device;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.trainer.learn.Learner;
import dev.millrace.trainer.learn.LearnerSettings;
import dev.millrace.trainer.learn.TorchEngine;
import dev.millrace.trainer.model.Precision;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LongSummaryStatistics;
import java.util.Random;

/// Measures one shape in one type: `Measurement SHAPE DTYPE SECONDS THREADS FILE`. In a process of its own, because
/// the most memory that a process had never falls again.
final class Measurement {
    private static final int MOST_STEPS = 20;
    private static final int WARMING_STEPS = 2;

    private Measurement() {}

    public static void main(String[] arguments) throws IOException {
        int threads = Integer.parseInt(arguments[3]);
        TorchEngine.start(threads);
        Measured measured =
                measure(BenchShape.of(arguments[0]), arguments[1], Double.parseDouble(arguments[2]), threads);
        new ObjectMapper().writeValue(Path.of(arguments[4]).toFile(), measured);
    }

    /// @param dtype `fp32` or `bf16`
    /// @param seconds steps are begun until then, at least one and at most 20
    private static Measured measure(BenchShape shape, String dtype, double seconds, int threads) throws IOException {
        Precision precision = switch (dtype) {
            case "fp32" -> Precision.FP32;
            case "bf16" -> Precision.BF16;
            default -> throw new IllegalArgumentException("There is no dtype " + dtype + ": fp32, bf16");
        };
        LearnerSettings settings = LearnerSettings.deepSeek(1).with(precision);
        try (Learner learner = Learner.create(shape.config(), settings, Device.cpu());
                MatrixProduct product = new MatrixProduct(precision);
                StepSampler sampler = new StepSampler(Thread.currentThread())) {
            int[] ids = new Random(1)
                    .ints(shape.rows() * shape.columns() + 1, 0, shape.config().vocabSize())
                    .toArray();
            // One row is enough to touch every weight, its gradient and its moments; the next one tells how long it
            // takes.
            step(learner, ids, 1, shape.columns());
            long begin = System.nanoTime();
            step(learner, ids, 1, shape.columns());
            int rows = rows(shape, (System.nanoTime() - begin) / 1e9, seconds);
            int tokens = rows * shape.columns();
            // Memory that is touched for the first time has to be cleared, which takes longer than the step itself.
            for (int i = 0; i < WARMING_STEPS; i++) {
                step(learner, ids, rows, shape.columns());
            }
            LongSummaryStatistics nanos = new LongSummaryStatistics();
            product.sample();
            do {
                product.sample();
                sampler.run(true);
                long begun = System.nanoTime();
                step(learner, ids, rows, shape.columns());
                nanos.accept(System.nanoTime() - begun);
                sampler.run(false);
                product.sample();
            } while (nanos.getSum() < seconds * 1e9 && nanos.getCount() < MOST_STEPS);
            double stepMs = nanos.getAverage() / 1e6;
            double tokensPerSecond = tokens / (stepMs / 1e3);
            double modelGflops = tokensPerSecond * shape.flopsPerToken() / 1e9;
            return new Measured(
                    shape.label(),
                    dtype,
                    learner.parameterCount(),
                    shape.activeParameters(),
                    threads,
                    rows,
                    Math.toIntExact(nanos.getCount()),
                    stepMs,
                    nanos.getMin() / 1e6,
                    nanos.getMax() / 1e6,
                    tokensPerSecond,
                    modelGflops,
                    product.gflops(),
                    modelGflops / product.gflops(),
                    ProcessMemory.allocator(),
                    ProcessMemory.peakBytes(),
                    stepMs * sampler.share(Phase.FORWARD),
                    stepMs * sampler.share(Phase.BACKWARD),
                    stepMs * sampler.share(Phase.OPTIMIZER),
                    stepMs * sampler.share(Phase.REST),
                    sampler.shareOutsideNative(),
                    sampler.count());
        }
    }

    /// All rows of the shape, or so many of them that a step takes no more than three times the seconds: without
    /// units for bf16 a CPU may need minutes for a whole one.
    private static int rows(BenchShape shape, double secondsOfOneRow, double seconds) {
        return Math.clamp((long) (3 * seconds / secondsOfOneRow), 1, shape.rows());
    }

    static void step(Learner learner, int[] ids, int rows, int columns) {
        int tokens = rows * columns;
        int[] inputs = new int[tokens];
        int[] targets = new int[tokens];
        System.arraycopy(ids, 0, inputs, 0, tokens);
        System.arraycopy(ids, 1, targets, 0, tokens);
        learner.accumulate(inputs, targets, rows, columns, tokens);
        learner.step(1e-4);
    }
}
