package dev.millrace.bench;

import ai.djl.Device;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.millrace.trainer.batch.Composition;
import dev.millrace.trainer.batch.Cursor;
import dev.millrace.trainer.batch.PartitionCursor;
import dev.millrace.trainer.batch.SeenIds;
import dev.millrace.trainer.checkpoint.CheckpointManifest;
import dev.millrace.trainer.checkpoint.CheckpointStore;
import dev.millrace.trainer.checkpoint.CheckpointWrite;
import dev.millrace.trainer.checkpoint.Retention;
import dev.millrace.trainer.learn.Learner;
import dev.millrace.trainer.learn.LearnerSettings;
import dev.millrace.trainer.learn.StepHistory;
import dev.millrace.trainer.learn.TorchEngine;
import dev.millrace.trainer.ledger.StepLedger;
import dev.millrace.trainer.ledger.StepResult;
import dev.millrace.trainer.model.Precision;
import dev.millrace.trainer.pack.Position;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// What exactly-once costs while a shape is trained: the time that training stands still for a checkpoint and for the
/// ledger, how much slower steps are while a checkpoint is written, and what a partition's state takes.
///
/// `ExactlyOnceCost SHAPE SECONDS THREADS DIRECTORY` writes `exactly-once.json` there.
final class ExactlyOnceCost {
    static final String FILE = "exactly-once.json";
    private static final int PARTITIONS = 4;
    private static final int LEDGER_STEPS = 200;
    private static final int CHECKPOINTS = 3;
    private static final int CHECKPOINT_EVERY = 100;
    private static final int WINDOW = 100_000;

    private final Learner learner;
    private final BenchShape shape;
    private final Path directory;

    private ExactlyOnceCost(Learner learner, BenchShape shape, Path directory) {
        this.learner = learner;
        this.shape = shape;
        this.directory = directory;
    }

    /// @param stepMs of a step while nothing is written
    /// @param stallMs that training stands still for a checkpoint: the copy of the learner's state
    /// @param writeMs until a checkpoint is durable, while training goes on
    /// @param stepMsWhileWriting of a step meanwhile
    /// @param ledgerMs of a step: its composition forced to the disk, and its result
    /// @param share of the time that stall and ledger take, at a checkpoint every 100 steps
    /// @param checkpointBytes of the learner's part of a checkpoint
    /// @param seenIdBytes of a partition's window of 100,000 ids in a checkpoint
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    record Cost(
            String shape,
            double stepMs,
            double stallMs,
            double writeMs,
            double stepMsWhileWriting,
            double ledgerMs,
            double share,
            long checkpointBytes,
            long seenIdBytes) {
        String line() {
            return String.format(
                    Locale.ROOT,
                    "exactly once, %s: step %.0f ms, ledger %.2f ms, checkpoint of %d MiB: training stands still for"
                            + " %.1f ms, %.0f ms until durable, steps take %.2f times as long meanwhile; stall and ledger"
                            + " %.3f %% of the time at a checkpoint every %d steps; %d ids of a partition: %d KiB",
                    shape,
                    stepMs,
                    ledgerMs,
                    checkpointBytes >> 20,
                    stallMs,
                    writeMs,
                    stepMsWhileWriting / stepMs,
                    100 * share,
                    CHECKPOINT_EVERY,
                    WINDOW,
                    seenIdBytes >> 10);
        }
    }

    public static void main(String[] arguments) throws Exception {
        TorchEngine.start(Integer.parseInt(arguments[2]));
        BenchShape shape = BenchShape.of(arguments[0]);
        Path directory = Path.of(arguments[3]);
        Path work = Files.createTempDirectory(directory, "exactly-once-");
        try (Learner learner =
                Learner.create(shape.config(), LearnerSettings.deepSeek(1).with(Precision.FP32), Device.cpu())) {
            Cost cost = new ExactlyOnceCost(learner, shape, work).measure(Double.parseDouble(arguments[1]));
            new ObjectMapper()
                    .writerWithDefaultPrettyPrinter()
                    .writeValue(directory.resolve(FILE).toFile(), cost);
            System.out.println(cost.line());
        }
    }

    private Cost measure(double seconds) throws Exception {
        step();
        double stepMs = steps(began -> millisSince(began) < seconds * 1e3).mean();
        double ledgerMs = ledgerMs();
        double stall = 0;
        double written = 0;
        double meanwhile = 0;
        long bytes = 0;
        try (CheckpointStore store = CheckpointStore.open(
                                directory, Retention.ofNewest(2), ExactlyOnceCost::fail, _ -> false)
                        .orElseThrow();
                ExecutorService writer = Executors.newSingleThreadExecutor()) {
            for (int i = 1; i <= CHECKPOINTS; i++) {
                long began = System.nanoTime();
                Learner.Snapshot snapshot = learner.snapshot();
                stall += millisSince(began) / CHECKPOINTS;
                Future<Double> writing = writer.submit(write(store, i, snapshot));
                meanwhile += steps(_ -> !writing.isDone()).mean() / CHECKPOINTS;
                written += writing.get() / CHECKPOINTS;
                store.prune();
            }
            bytes = size(store.latest().orElseThrow().directory());
        }
        double still = stall + CHECKPOINT_EVERY * ledgerMs;
        return new Cost(
                shape.label(),
                stepMs,
                stall,
                written,
                meanwhile,
                ledgerMs,
                still / (CHECKPOINT_EVERY * stepMs + still),
                bytes,
                seenIdBytes());
    }

    private static Callable<Double> write(CheckpointStore store, int step, Learner.Snapshot snapshot) {
        return () -> {
            long began = System.nanoTime();
            try (snapshot;
                    CheckpointWrite write = store.start(step)) {
                snapshot.save(write.directory());
                write.commit(CheckpointManifest.of(step, step, step, 0, StepHistory.NONE, cursor(), null, Map.of()));
            }
            return millisSince(began);
        };
    }

    private interface Lasting {
        boolean goOn(long began);
    }

    private record Steps(int count, double millis) {
        double mean() {
            return millis / count;
        }
    }

    private Steps steps(Lasting lasting) {
        long began = System.nanoTime();
        int count = 0;
        do {
            step();
            count++;
        } while (lasting.goOn(began));
        return new Steps(count, millisSince(began));
    }

    private void step() {
        int tokens = shape.rows() * shape.columns();
        learner.accumulate(new int[tokens], new int[tokens], shape.rows(), shape.columns(), tokens);
        learner.step(1e-4);
    }

    private double ledgerMs() throws IOException {
        try (StepLedger ledger = StepLedger.open(directory, 0, 1, ExactlyOnceCost::fail)) {
            long began = System.nanoTime();
            for (int i = 0; i < LEDGER_STEPS; i++) {
                ledger.begin(composition(i));
                ledger.end(new StepResult(Instant.EPOCH.plus(Duration.ofSeconds(i)), 2.5, 0.7, 1e-4, 4096, null));
            }
            return millisSince(began) / LEDGER_STEPS;
        }
    }

    private Composition composition(int step) {
        List<Composition.Stretch> stretches = new ArrayList<>();
        List<Integer> order = new ArrayList<>();
        TreeMap<Integer, Long> read = new TreeMap<>();
        for (int partition = 0; partition < PARTITIONS; partition++) {
            stretches.add(new Composition.Stretch(
                    partition, 2, new Position(0, 10L * step, 17), new Position(0, 10L * step + 10, 23)));
            read.put(partition, 10L * step + 10);
        }
        for (int row = 0; row < shape.rows(); row++) {
            order.add(row % PARTITIONS);
        }
        return new Composition(stretches, order, List.of(), 0, read, List.of(), List.of());
    }

    private long seenIdBytes() throws IOException {
        SeenIds seen = new SeenIds(WINDOW);
        for (int i = 0; i < WINDOW; i++) {
            seen.first(0, 0, i, "document-" + i);
        }
        Path file = Files.createTempDirectory(directory, "ids-");
        Position end = new Position(0, WINDOW, 0);
        seen.write(file, new Cursor(0, 0, List.of(new PartitionCursor(0, end, end, 0, false)), Cursor.Counts.NONE));
        return size(file);
    }

    private static Cursor cursor() {
        return new Cursor(0, 0, List.of(PartitionCursor.startingAt(0, 0)), Cursor.Counts.NONE);
    }

    private static long size(Path of) throws IOException {
        try (var files = Files.list(of)) {
            return files.mapToLong(file -> file.toFile().length()).sum();
        }
    }

    private static double millisSince(long began) {
        return (System.nanoTime() - began) / 1e6;
    }

    private static void fail(String complaint) {
        throw new IllegalStateException(complaint);
    }
}
