package dev.millrace.bench;

import ai.djl.Device;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.trainer.learn.DeviceChoice;
import dev.millrace.trainer.learn.Learner;
import dev.millrace.trainer.learn.LearnerSettings;
import dev.millrace.trainer.learn.TorchEngine;
import dev.millrace.trainer.model.Precision;
import dev.millrace.trainer.model.Recompute;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.LongSummaryStatistics;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/// Measures one shape in one type: `Measurement TASK FILE`, the task as JSON. In a process of its own, because the most
/// memory that a process had never falls again.
final class Measurement {
    private static final int MOST_STEPS = 20;
    private static final int WARMING_STEPS = 2;
    /// Of an accelerator, that are taken apart.
    private static final int SPLIT_STEPS = 5;

    private static final ObjectMapper JSON = new ObjectMapper();

    private Measurement() {}

    /// What is measured.
    ///
    /// @param rows of a step, at most
    /// @param seconds steps are begun until then, at least one and at most 20
    /// @param threads of libtorch
    /// @param accelerator null: the CPU
    record Task(
            String shape,
            Precision precision,
            int rows,
            Recompute recompute,
            double seconds,
            int threads,
            @Nullable Accelerator accelerator) {
        Device device() {
            return DeviceChoice.parse(accelerator == null ? "cpu" : accelerator.device())
                    .resolve();
        }
    }

    public static void main(String[] arguments) throws IOException {
        Task task = JSON.readValue(arguments[0], Task.class);
        TorchEngine.start(task.threads());
        JSON.writeValue(Path.of(arguments[1]).toFile(), measure(task));
    }

    private static Measured measure(Task task) throws IOException {
        BenchShape shape = BenchShape.of(task.shape());
        Device device = task.device();
        LearnerSettings settings =
                LearnerSettings.deepSeek(1).with(task.precision()).with(task.recompute());
        try (Learner learner = Learner.create(shape.config(), settings, device);
                MatrixProduct product = new MatrixProduct(task.precision(), device);
                DeviceWait wait = new DeviceWait(device);
                StepSampler sampler = new StepSampler(Thread.currentThread())) {
            int[] ids = new Random(1)
                    .ints(task.rows() * shape.columns() + 1, 0, shape.config().vocabSize())
                    .toArray();
            // One row is enough to touch every weight, its gradient and its moments; the next one tells how long it
            // takes.
            StepTokens row = StepTokens.of(ids, 1, shape.columns());
            time(learner, wait, row);
            int rows = rows(task, time(learner, wait, row) / 1e9);
            StepTokens tokens = StepTokens.of(ids, rows, shape.columns());
            // Memory that is touched for the first time has to be cleared, which takes longer than the step itself.
            for (int i = 0; i < WARMING_STEPS; i++) {
                time(learner, wait, tokens);
            }
            LongSummaryStatistics nanos = new LongSummaryStatistics();
            product.sample();
            do {
                product.sample();
                sampler.run(true);
                nanos.accept(time(learner, wait, tokens));
                sampler.run(false);
                product.sample();
            } while (nanos.getSum() < task.seconds() * 1e9 && nanos.getCount() < MOST_STEPS);
            StepSplit split = task.accelerator() == null
                    ? sampler
                    : WaitedSplit.measure(learner, wait, tokens, SPLIT_STEPS, sampler);
            double stepMs = nanos.getAverage() / 1e6;
            double tokensPerSecond = tokens.count() / (stepMs / 1e3);
            double modelGflops = tokensPerSecond * shape.flopsPerToken() / 1e9;
            return new Measured(
                    shape.label(),
                    name(task.precision()),
                    learner.parameterCount(),
                    shape.activeParameters(),
                    task.threads(),
                    rows,
                    Math.toIntExact(nanos.getCount()),
                    stepMs,
                    nanos.getMin() / 1e6,
                    nanos.getMax() / 1e6,
                    tokensPerSecond,
                    modelGflops,
                    product.gflops(),
                    modelGflops / product.gflops(),
                    device.isGpu() ? "libtorch" : ProcessMemory.allocator(),
                    device.isGpu()
                            ? GpuCard.read(GpuCard.DRIVER, device.getDeviceId()).usedBytes()
                            : ProcessMemory.peakBytes(),
                    stepMs * split.share(Phase.FORWARD),
                    stepMs * split.share(Phase.BACKWARD),
                    stepMs * split.share(Phase.OPTIMIZER),
                    stepMs * split.share(Phase.REST),
                    split.shareOutsideNative(),
                    split.samples(),
                    task.accelerator() == null ? null : task.accelerator().name(),
                    task.accelerator() == null ? null : name(task.recompute()),
                    task.accelerator() == null ? null : task.accelerator().peakTflops(),
                    task.accelerator() == null || task.precision() != Precision.BF16
                            ? null
                            : task.accelerator().share(modelGflops));
        }
    }

    private static String name(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    /// The nanoseconds of a step, until the device is done with it.
    private static long time(Learner learner, DeviceWait wait, StepTokens tokens) {
        long begun = System.nanoTime();
        tokens.train(learner);
        wait.await();
        return System.nanoTime() - begun;
    }

    /// All rows, or so many of them that a step takes no more than three times the seconds: without units for
    /// bf16 a CPU may need minutes for a whole one.
    private static int rows(Task task, double secondsOfOneRow) {
        return Math.clamp((long) (3 * task.seconds() / secondsOfOneRow), 1, task.rows());
    }
}
