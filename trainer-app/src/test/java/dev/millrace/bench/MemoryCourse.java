package dev.millrace.bench;

import ai.djl.Device;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.millrace.trainer.learn.Learner;
import dev.millrace.trainer.learn.LearnerSettings;
import dev.millrace.trainer.learn.TorchEngine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.Collectors;

/// What memory a process has in the course of its steps: `MemoryCourse SHAPE STEPS THREADS FILE`. Every step is on
/// other tokens, so that experts get other numbers of them, and what libtorch asks for is never the same twice.
final class MemoryCourse {
    /// In the directory of the benchmark.
    static final String FILE = "memory.json";

    private static final int EVERY = 10;

    private MemoryCourse() {}

    public static void main(String[] arguments) throws IOException {
        int threads = Integer.parseInt(arguments[2]);
        TorchEngine.start(threads);
        Course course = run(BenchShape.of(arguments[0]), Integer.parseInt(arguments[1]));
        new ObjectMapper().writeValue(Path.of(arguments[3]).toFile(), course);
    }

    private static Course run(BenchShape shape, int steps) throws IOException {
        Random random = new Random(1);
        List<Long> resident = new ArrayList<>();
        try (Learner learner = Learner.create(shape.config(), LearnerSettings.deepSeek(1), Device.cpu())) {
            for (int step = 1; step <= steps; step++) {
                int[] ids = random.ints(
                                shape.rows() * shape.columns() + 1,
                                0,
                                shape.config().vocabSize())
                        .toArray();
                StepTokens.of(ids, shape.rows(), shape.columns()).train(learner);
                if (step % EVERY == 0) {
                    resident.add(ProcessMemory.residentBytes());
                }
            }
        }
        return new Course(ProcessMemory.allocator(), shape.label(), EVERY, resident, ProcessMemory.peakBytes());
    }

    /// How much memory a process had.
    ///
    /// @param allocator see [ProcessMemory#allocator]
    /// @param every so many steps, in float32
    /// @param residentBytes after each of them
    /// @param peakBytes the most it ever had
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    record Course(String allocator, String shape, int every, List<Long> residentBytes, long peakBytes) {
        String line() {
            return String.format(
                    Locale.ROOT,
                    "MiB of %s in fp32, resident after each %d steps: %s (%s)",
                    shape,
                    every,
                    residentBytes.stream()
                            .map(bytes -> Long.toString(bytes >> 20))
                            .collect(Collectors.joining(", ")),
                    allocator);
        }
    }
}
