package dev.millrace.trainer.train;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.millrace.trainer.batch.BatchAssembler;
import dev.millrace.trainer.batch.Cursor;
import dev.millrace.trainer.batch.Prefetcher;
import dev.millrace.trainer.batch.Ramp;
import dev.millrace.trainer.batch.ScriptedLog;
import dev.millrace.trainer.batch.SeenIds;
import dev.millrace.trainer.batch.SkipRanges;
import dev.millrace.trainer.checkpoint.Checkpoint;
import dev.millrace.trainer.checkpoint.CheckpointStore;
import dev.millrace.trainer.checkpoint.Retention;
import dev.millrace.trainer.evaluate.HeldOutSet;
import dev.millrace.trainer.generate.Interlude;
import dev.millrace.trainer.learn.Learner;
import dev.millrace.trainer.learn.LearnerSettings;
import dev.millrace.trainer.learn.LearningRateSchedule;
import dev.millrace.trainer.learn.SmallModels;
import dev.millrace.trainer.learn.SpikeRule;
import dev.millrace.trainer.learn.StepHistory;
import dev.millrace.trainer.ledger.LedgerEntry;
import dev.millrace.trainer.ledger.LedgerReader;
import dev.millrace.trainer.ledger.StepLedger;
import dev.millrace.trainer.model.ModelConfig;
import dev.millrace.trainer.publish.Outbox;
import dev.millrace.trainer.weights.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;

/// A run of the training loop over a scripted log, with all its real parts but Kafka: a checkpoint after each step
/// where not said otherwise, micro-batches of one window of [#LENGTH] tokens.
final class SmallRun {
    static final int LENGTH = 16;

    private final Path directory;
    private final Path model;
    private final int maxNonFinite;
    private final Optional<SpikeRule> spikes;
    private final Ramp<Integer> ramp;
    private Optional<HeldOutSet> heldOut = Optional.empty();
    private long stride = 1;
    private LearnerSettings settings = SmallModels.settings(3);
    final List<String> lines = Collections.synchronizedList(new ArrayList<>());
    final TrainingStatus status = new TrainingStatus(InstantSource.system(), Duration.ofMinutes(1));

    SmallRun(Path directory, Path model, int maxNonFinite, Optional<SpikeRule> spikes, Ramp<Integer> ramp) {
        this.directory = directory;
        this.model = model;
        this.maxNonFinite = maxNonFinite;
        this.spikes = spikes;
        this.ramp = ramp;
    }

    /// So many steps lie between two checkpoints.
    SmallRun checkpointingEvery(long steps) {
        stride = steps;
        return this;
    }

    /// Learns otherwise than with [SmallModels#settings].
    SmallRun learning(LearnerSettings other) {
        settings = other;
        return this;
    }

    /// Evaluates after each second step, on texts whose token ids are their characters.
    SmallRun evaluatingOn(String... texts) {
        HeldOutSet.Builder set = new HeldOutSet.Builder(new HeldOutSet.Shape(LENGTH, 2, false), 10_000);
        for (String text : texts) {
            set.add(text.chars().toArray(), text.length());
        }
        heldOut = set.build();
        return this;
    }

    /// Writes a model whose loss is no number wherever a token is read.
    static void modelThatCannotRead(int token, ModelConfig config, Path directory) throws IOException {
        String name = "model.embed_tokens.weight";
        try (Learner learner = SmallModels.learner(config, 3);
                NDManager scope = NDManager.newBaseManager("PyTorch")) {
            Map<String, NDArray> parameters =
                    new LinkedHashMap<>(learner.model().parameters());
            NDArray embedding = Objects.requireNonNull(parameters.get(name));
            float[] table = embedding.toFloatArray();
            int width = (int) embedding.getShape().get(1);
            table[token * width] = Float.POSITIVE_INFINITY;
            parameters.put(name, scope.create(table, new Shape(table.length / width, width)));
            SafetensorsWriter.write(directory.resolve("model.safetensors"), parameters, Map.of());
            Files.writeString(directory.resolve("config.json"), config.json().toString());
        }
    }

    /// Trains from the last checkpoint on, or from the model, to the end of a step; the token ids of a record
    /// are its characters.
    String trainTo(long step, String... records) throws IOException, InterruptedException {
        ScriptedLog log = new ScriptedLog(false).partition(0, records);
        try (CheckpointStore store = CheckpointStore.open(
                        directory, Retention.ofNewest(100), complaint -> {}, _ -> false)
                .orElseThrow()) {
            Optional<Checkpoint> last = store.latest();
            TrainingLoop.State state = last.map(Checkpoint::manifest)
                    .map(manifest -> new TrainingLoop.State(
                            manifest.step(),
                            manifest.targets(),
                            manifest.loss(),
                            manifest.history(),
                            manifest.cursor(),
                            true))
                    .orElse(new TrainingLoop.State(0, 0, 0, StepHistory.NONE, log.start(), false));
            log.from(state.cursor());
            Beside beside = last.isPresent()
                    ? Beside.of(last.get(), state.cursor())
                    : new Beside(new Outbox(), new SeenIds(Beside.WINDOW));
            try (Learner learner = last.isPresent()
                            ? Learner.restore(
                                    last.get().directory(),
                                    last.get().manifest().optimizerSteps(),
                                    settings,
                                    Device.cpu())
                            : Learner.load(model, settings, Device.cpu());
                    StepLedger ledger = StepLedger.open(directory, state.step(), store.owner(), complaint -> {});
                    Checkpointer checkpoints = new Checkpointer(store, beside, true, status, lines::add);
                    Prefetcher batches = new Prefetcher(assembler(log, state, beside, ledger), 4)) {
                return loop(step, state, learner, checkpoints, beside, ledger).run(batches);
            }
        }
    }

    private BatchAssembler assembler(ScriptedLog log, TrainingLoop.State state, Beside beside, StepLedger ledger) {
        return new BatchAssembler(
                log,
                ScriptedLog::read,
                beside.seen(),
                new SkipRanges(List.of(), List.of()),
                new BatchAssembler.Shape(LENGTH, 1, ramp, 10),
                state.step(),
                state.cursor(),
                Optional.empty(),
                ledger.ahead());
    }

    private TrainingLoop loop(
            long maxSteps,
            TrainingLoop.State state,
            Learner learner,
            Checkpointer checkpoints,
            Beside beside,
            StepLedger ledger) {
        return new TrainingLoop(
                new TrainingLoop.Plan(
                        1,
                        false,
                        stride,
                        1,
                        maxNonFinite,
                        spikes,
                        OptionalLong.of(maxSteps),
                        Optional.empty(),
                        Map.of()),
                state,
                learner,
                new LearningRateSchedule.Constant(1e-2, 0),
                checkpoints,
                ledger,
                beside.outbox(),
                heldOut.map(set -> new Evaluator(set, 2, status, lines::add)),
                Interlude.NONE,
                status,
                InstantSource.system(),
                line -> {});
    }

    /// Dead letters, which stay as if the broker had not answered, and ids.
    private record Beside(Outbox outbox, SeenIds seen) implements Checkpointer.Companions {
        private static final int WINDOW = 10;

        private static Beside of(Checkpoint checkpoint, Cursor cursor) throws IOException {
            return new Beside(
                    Outbox.read(checkpoint.directory()), SeenIds.read(checkpoint.directory(), WINDOW, cursor));
        }

        @Override
        public void addFiles(Path checkpoint, Checkpointer.Covered covered) throws IOException {
            outbox.write(checkpoint, covered.step());
            seen.write(checkpoint, covered.cursor());
        }

        @Override
        public boolean publish(Checkpointer.Covered covered) {
            return true;
        }
    }

    /// The file of the checkpoint of a step.
    Path file(long step, String name) {
        return directory.resolve("step-%012d".formatted(step)).resolve(name);
    }

    /// Windows of each step.
    List<Integer> windows() throws IOException {
        return LedgerReader.in(directory).between(0, Long.MAX_VALUE).stream()
                .map(entry -> entry.composition().order().size())
                .toList();
    }

    /// Why steps were skipped, by step.
    Map<Long, String> skipped() throws IOException {
        Map<Long, String> skipped = new LinkedHashMap<>();
        for (LedgerEntry entry : LedgerReader.in(directory).between(0, Long.MAX_VALUE)) {
            Optional.ofNullable(entry.result())
                    .map(result -> result.skipped())
                    .ifPresent(why -> skipped.put(entry.step(), why));
        }
        return skipped;
    }
}
