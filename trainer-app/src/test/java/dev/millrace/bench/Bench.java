package dev.millrace.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.quickstart.ChildProcess;
import dev.millrace.trainer.model.Precision;
import dev.millrace.trainer.model.Recompute;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// Trains each shape in each type for a while, prints one table and writes it as `model.json`, and beside it
/// `tokenize.json`, `intake.json`, `memory.json` and `exactly-once.json`: `./mvnw -Pbench`.
///
/// System properties: `bench.device` (as `millrace.engine.device`: where there is a GPU, models are trained on
/// it, and the rest is measured on the host), `bench.shapes` and `bench.dtypes` (names, separated by commas;
/// shapes `auto`: what suits the device, see [Planning]; types `auto`: bf16 too where the CPU multiplies it,
/// and on a GPU), `bench.seconds` (for each measurement, which ends with the step under way), `bench.threads`
/// (of libtorch; 0: all cores), `bench.peak-tflops` (of a GPU that [Accelerator] does not know).
final class Bench {
    private static final String AUTO = "auto";
    private static final int INTAKE_RECORDS = 100_000;
    private static final Duration LONGEST = Duration.ofMinutes(20);
    private static final int COURSE_STEPS = 60;
    /// As in the images. Where there is no tcmalloc the loader says so and goes on with glibc, which then keeps what
    /// libtorch frees: it is as fast, and takes half as much memory again.
    static final Map<String, String> ALLOCATOR = Map.of(
            "LD_PRELOAD",
            "libtcmalloc_minimal.so.4",
            "MALLOC_ARENA_MAX",
            "1",
            "MALLOC_MMAP_MAX_",
            "0",
            "MALLOC_TRIM_THRESHOLD_",
            "1000000000000");

    private static final ObjectMapper JSON = new ObjectMapper();

    private Bench() {}

    /// @param arguments the directory to write to
    public static void main(String[] arguments) throws IOException, InterruptedException {
        int threads = Integer.getInteger("bench.threads", 0);
        double seconds = Double.parseDouble(System.getProperty("bench.seconds", "30"));
        System.err.println("measuring tokenizing and packing");
        TokenizeMeasured tokenized = TokenizeBench.run(
                Path.of(arguments[0]), TokenizeBench.tokenizer(), TokenizeBench.documents(), Math.min(seconds, 10));
        System.err.println("measuring intake");
        IntakeBench.Rate intake = IntakeBench.run(
                Path.of(arguments[0]), TokenizeBench.documents(), INTAKE_RECORDS, Math.min(seconds, 10));
        Optional<Accelerator> accelerator = AcceleratorLook.take(
                Path.of(arguments[0]),
                System.getProperty("bench.device", AUTO),
                System.getProperty("bench.peak-tflops", ""));
        List<Measured> rows = run(
                Path.of(arguments[0]),
                accelerator,
                names("bench.shapes"),
                precisions(names("bench.dtypes"), accelerator.isPresent()),
                seconds,
                threads == 0 ? Runtime.getRuntime().availableProcessors() : threads);
        System.out.println(table(rows));
        System.out.println(intake.line());
        System.out.println(tokenized.line());
        memory(
                        Path.of(arguments[0]),
                        BenchShape.MOE_768X2,
                        COURSE_STEPS,
                        Runtime.getRuntime().availableProcessors())
                .forEach(course -> System.out.println(course.line()));
        System.out.println(exactlyOnce(
                        Path.of(arguments[0]),
                        BenchShape.DENSE_256X6,
                        10,
                        Runtime.getRuntime().availableProcessors())
                .line());
    }

    /// @return empty where it is for us to choose
    private static List<String> names(String property) {
        String chosen = System.getProperty(property, AUTO);
        return chosen.equals(AUTO) ? List.of() : List.of(chosen.split(",", -1));
    }

    private static List<Precision> precisions(List<String> names, boolean onDevice) throws IOException {
        if (!names.isEmpty()) {
            return names.stream().map(Bench::precision).toList();
        }
        // A CPU without such units takes minutes for a step in bf16.
        String cpus = Files.readString(Path.of("/proc/cpuinfo"));
        return onDevice || cpus.contains("avx512_bf16") || cpus.contains("amx_bf16")
                ? List.of(Precision.FP32, Precision.BF16)
                : List.of(Precision.FP32);
    }

    private static Precision precision(String name) {
        return switch (name) {
            case "fp32" -> Precision.FP32;
            case "bf16" -> Precision.BF16;
            default -> throw new IllegalArgumentException("There is no dtype " + name + ": fp32, bf16");
        };
    }

    /// Measures what exactly-once costs, and writes it as `exactly-once.json`.
    static ExactlyOnceCost.Cost exactlyOnce(Path directory, BenchShape shape, double seconds, int threads)
            throws IOException, InterruptedException {
        Path result = directory.resolve(ExactlyOnceCost.FILE);
        Files.deleteIfExists(result);
        start(
                "exactly-once",
                directory,
                ExactlyOnceCost.class,
                List.of(shape.label(), Double.toString(seconds), Integer.toString(threads), directory.toString()),
                ALLOCATOR);
        return JSON.readValue(result.toFile(), ExactlyOnceCost.Cost.class);
    }

    /// Looks at memory in the course of training, with the allocator of the images and with what a process gets that
    /// asks for nothing, and writes it as `memory.json`.
    static List<MemoryCourse.Course> memory(Path directory, BenchShape shape, int steps, int threads)
            throws IOException, InterruptedException {
        List<MemoryCourse.Course> courses = new ArrayList<>();
        for (Map<String, String> environment : List.of(ALLOCATOR, Map.<String, String>of())) {
            Path result = directory.resolve("memory-course.json");
            Files.deleteIfExists(result);
            start(
                    "memory-course",
                    directory,
                    MemoryCourse.class,
                    List.of(shape.label(), Integer.toString(steps), Integer.toString(threads), result.toString()),
                    environment);
            courses.add(JSON.readValue(result.toFile(), MemoryCourse.Course.class));
        }
        JSON.writerWithDefaultPrettyPrinter()
                .writeValue(directory.resolve(MemoryCourse.FILE).toFile(), courses);
        return courses;
    }

    /// Measures and writes `model.json`.
    ///
    /// @param accelerator empty: the CPU
    /// @param shapes by name; none: those that suit the device
    /// @param seconds for each measurement
    static List<Measured> run(
            Path directory,
            Optional<Accelerator> accelerator,
            List<String> shapes,
            List<Precision> precisions,
            double seconds,
            int threads)
            throws IOException, InterruptedException {
        Files.createDirectories(directory);
        List<Measured> rows = new ArrayList<>();
        for (Plan plan : Planning.all(accelerator, shapes, precisions)) {
            switch (plan) {
                case Plan.TooLarge large -> System.err.println(large.line());
                case Plan.OnCpu(BenchShape shape, Precision precision) ->
                    rows.add(measure(
                            directory,
                            new Measurement.Task(
                                    shape.label(), precision, shape.rows(), Recompute.NONE, seconds, threads, null)));
                case Plan.OnDevice(BenchShape shape, Precision precision, int most, Recompute recompute) ->
                    rows.add(measure(
                            directory,
                            new Measurement.Task(
                                    shape.label(),
                                    precision,
                                    most,
                                    recompute,
                                    seconds,
                                    threads,
                                    accelerator.orElseThrow())));
            }
        }
        JSON.writerWithDefaultPrettyPrinter()
                .writeValue(directory.resolve("model.json").toFile(), rows);
        return rows;
    }

    private static Measured measure(Path directory, Measurement.Task task) throws IOException, InterruptedException {
        String name = task.shape() + "-" + task.precision().name().toLowerCase(Locale.ROOT);
        System.err.println("measuring " + name);
        Path result = directory.resolve(name + ".json");
        Files.deleteIfExists(result);
        start(name, directory, Measurement.class, List.of(JSON.writeValueAsString(task), result.toString()), ALLOCATOR);
        return JSON.readValue(result.toFile(), Measured.class);
    }

    /// Runs a measurement in a process of its own, to its end.
    static void start(
            String name, Path directory, Class<?> main, List<String> arguments, Map<String, String> environment)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                "-Xmx512m",
                "--sun-misc-unsafe-memory-access=allow",
                "-classpath",
                System.getProperty("java.class.path"),
                main.getName()));
        command.addAll(arguments);
        try (ChildProcess child = ChildProcess.start(name, directory, command, environment, name, line -> {})) {
            child.awaitSuccess(LONGEST);
        }
    }

    static String table(List<Measured> rows) {
        StringBuilder table =
                new StringBuilder("\n").append(Measured.header(rows)).append('\n');
        rows.forEach(row -> table.append(row.line(rows)).append('\n'));
        table.append('\n').append(Measured.LEGEND).append('\n');
        for (Measured row : rows) {
            dense(row, rows)
                    .ifPresent(dense -> table.append(String.format(
                            Locale.ROOT,
                            "%s in %s: %.2f times the time of %s for a token, with %.2f times its active parameters%n",
                            row.shape(),
                            row.dtype(),
                            dense.tokensPerS() / row.tokensPerS(),
                            dense.shape(),
                            row.activeParameters() / (double) dense.activeParameters())));
        }
        Accelerator.remarks(rows).forEach(remark -> table.append(remark).append('\n'));
        return table.toString();
    }

    /// The dense counterpart of a shape with experts.
    private static Optional<Measured> dense(Measured row, List<Measured> rows) {
        String counterpart = row.shape().replace("moe-", "dense-");
        return rows.stream()
                .filter(other -> !other.shape().equals(row.shape())
                        && other.shape().equals(counterpart)
                        && other.dtype().equals(row.dtype()))
                .findFirst();
    }
}
