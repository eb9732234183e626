package dev.millrace.trainer.train;

import ai.djl.Device;
import dev.millrace.trainer.batch.Prefetcher;
import dev.millrace.trainer.checkpoint.Checkpoint;
import dev.millrace.trainer.checkpoint.CheckpointManifest;
import dev.millrace.trainer.checkpoint.CheckpointStore;
import dev.millrace.trainer.checkpoint.Retention;
import dev.millrace.trainer.generate.GenerationDesk;
import dev.millrace.trainer.generate.TextDuty;
import dev.millrace.trainer.intake.DocumentIntake;
import dev.millrace.trainer.intake.IntakeFailedException;
import dev.millrace.trainer.intake.LogInspector;
import dev.millrace.trainer.learn.Learner;
import dev.millrace.trainer.learn.SpikeRule;
import dev.millrace.trainer.learn.TorchEngine;
import dev.millrace.trainer.ledger.LedgerReader;
import dev.millrace.trainer.ledger.LedgerSoFar;
import dev.millrace.trainer.ledger.StepLedger;
import dev.millrace.trainer.publish.PublishedMark;
import dev.millrace.trainer.tokenize.DocumentTokenizer;
import io.smallrye.common.annotation.Identifier;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// One run, from what the settings say to its last checkpoint: builds the plain objects, in the order in which
/// a start can fail, and lets the loop run. Everything here happens on the training thread; [#requestStop] may
/// come from any.
@Singleton
final class TrainingRun {
    private static final Logger LOG = Logger.getLogger(TrainingRun.class);
    private static final Duration RETRY = Duration.ofSeconds(2);
    private static final Duration STANDBY = Duration.ofMillis(500);

    private final RunSettings settings;
    private final DocumentIntake intake;
    private final Map<String, Object> clientSettings;
    private final TrainingStatus status;
    private final GenerationDesk desk;
    private volatile @Nullable TrainingLoop loop;
    private volatile boolean stopRequested;

    /// What a run stands on before it has a model.
    ///
    /// @param checkpoint that it goes on from
    private record Ground(
            TorchEngine.Loaded engine,
            List<Device> devices,
            DocumentTokenizer tokenizer,
            CheckpointStore checkpoints,
            Optional<Checkpoint> checkpoint) {}

    /// Where a run begins or goes on.
    ///
    /// @param fingerprint settings that must not change within it
    private record Begin(RunStart start, TrainingLoop.State state, SortedMap<String, String> fingerprint) {}

    TrainingRun(
            RunSettings settings,
            DocumentIntake intake,
            @Identifier("default-kafka-broker") Map<String, Object> clientSettings,
            TrainingStatus status,
            GenerationDesk desk) {
        this.settings = settings;
        this.intake = intake;
        this.clientSettings = clientSettings;
        this.status = status;
        this.desk = desk;
    }

    /// Ends the run after the step under way.
    void requestStop() {
        stopRequested = true;
        TrainingLoop running = loop;
        if (running != null) {
            running.requestStop();
        }
    }

    /// @return why the run ended
    String run() throws IOException, InterruptedException {
        status.enter(new TrainingState.Starting("tokenizer and engine"));
        TorchEngine.Loaded engine = TorchEngine.start(
                settings.engine().threads().orElse(Runtime.getRuntime().availableProcessors()));
        List<Device> devices = Requirements.devices(settings.engine(), settings.batch());
        LOG.infof(
                "%s; training on %s, products in %s",
                engine, devices, settings.engine().precision().on(devices.getFirst()));
        try (DocumentTokenizer tokenizer =
                DocumentTokenizer.load(settings.tokenizer().directory())) {
            Optional<CheckpointStore> held = CheckpointStore.open(
                    settings.checkpoint().directory(),
                    new Retention(
                            settings.checkpoint().keep(), settings.checkpoint().keepEvery()),
                    LOG::error,
                    this::standBy);
            if (held.isEmpty()) {
                return "stopped while another trainer had the run";
            }
            try (CheckpointStore checkpoints = held.get()) {
                Requirements.groupOfItsOwn(
                        settings.checkpoint(), new LogInspector(clientSettings, intake.topic(), intake.group()));
                status.enter(new TrainingState.Starting("model"));
                return run(new Ground(engine, devices, tokenizer, checkpoints, begin(checkpoints)));
            }
        }
    }

    private boolean standBy(Path run) throws IOException, InterruptedException {
        if (!settings.checkpoint().standby()) {
            throw new IOException("millrace.checkpoint.directory = " + run
                    + " is in use by another trainer, and millrace.checkpoint.standby is false: one run has one trainer,"
                    + " stop that one or give this run a directory of its own");
        }
        if (!(status.state() instanceof TrainingState.Standby)) {
            LOG.infof("stands by: another trainer has the run in %s", run);
            status.enter(new TrainingState.Standby("another trainer has the run in " + run));
            status.startedUp();
        }
        Thread.sleep(STANDBY);
        return !stopRequested;
    }

    private String run(Ground ground) throws IOException, InterruptedException {
        RunLearner wanted = RunLearner.of(settings.train(), settings.engine());
        try (Learner learner =
                wanted.start(ground.checkpoint(), ground.devices().toArray(Device[]::new))) {
            Requirements.fit(settings, learner.config(), ground.tokenizer());
            LOG.infof(
                    "%,d parameters to learn, %s",
                    learner.parameterCount(),
                    ground.checkpoint()
                            .map(found -> "restored from " + found.directory())
                            .orElse("from " + settings.train().model()));
            status.loaded(ModelCard.of(
                    learner.config(),
                    settings,
                    ground.devices(),
                    ground.engine().threads(),
                    ground.tokenizer(),
                    ground.checkpoint()));
            status.startedUp();
            LogInspector inspector = new LogInspector(clientSettings, intake.topic(), intake.group());
            LogInspector.Snapshot snapshot = look(inspector);
            return snapshot == null
                    ? "stopped before the log was reached"
                    : run(ground, learner, wanted.fingerprint(), inspector, snapshot);
        }
    }

    /// The checkpoint that the run goes on from; of a replay that has none yet, the one that it is to begin
    /// with.
    private Optional<Checkpoint> begin(CheckpointStore checkpoints) throws IOException {
        Optional<Checkpoint> latest = checkpoints.latest();
        Optional<Path> original = settings.checkpoint().replayFrom();
        if (latest.isPresent() || original.isEmpty()) {
            return latest;
        }
        Path ledger = original.get().toAbsolutePath().resolveSibling(StepLedger.FILE);
        if (!Files.exists(ledger)) {
            throw new IOException(ledger + " is missing: millrace.checkpoint.replay-from = " + original.get()
                    + " must lie in the directory of its run, whose ledger says what the steps are made of");
        }
        LedgerReader.beside(original.get()).copyTo(settings.checkpoint().directory());
        return Optional.of(checkpoints.adopt(original.get()));
    }

    /// @param learned the learner's part of the fingerprint
    private String run(
            Ground ground,
            Learner learner,
            SortedMap<String, String> learned,
            LogInspector inspector,
            LogInspector.Snapshot snapshot)
            throws IOException, InterruptedException {
        SortedMap<String, String> fingerprint = RunFingerprint.of(
                settings,
                new RunFingerprint.Surroundings(
                        learner.config(),
                        learned,
                        ground.tokenizer().fingerprint(),
                        intake.topic(),
                        snapshot.topicId(),
                        intake.isolationLevel(),
                        ground.engine(),
                        ground.devices()));
        Path directory = settings.checkpoint().directory();
        Optional<CheckpointManifest> manifest = ground.checkpoint().map(Checkpoint::manifest);
        LedgerSoFar ledger = LedgerSoFar.read(
                directory, manifest.map(CheckpointManifest::step).orElse(0L), PublishedMark.step(directory));
        Optional<SettingsCheck.Accepted> changed = manifest.map(
                found -> SettingsCheck.of(found, ledger.changes(), settings).accept(fingerprint, settings));
        RunStart start = manifest.map(
                        found -> RunStart.resumed(snapshot, found.cursor(), Optional.ofNullable(found.bounds())))
                .orElseGet(() -> RunStart.fresh(
                        snapshot,
                        inspector,
                        settings.train().epochs(),
                        settings.train().start()));
        TrainingLoop.State state = manifest.map(found -> TrainingLoop.State.after(found, start.cursor()))
                .orElseGet(() -> TrainingLoop.State.before(start.cursor()));
        status.restored(start.cursor(), start.bounds().orElse(null), state.step());
        LOG.infof("step %,d; %s", state.step(), start.describe());
        try (RunRecords records = RunRecords.open(
                settings,
                ground.tokenizer(),
                ground.checkpoints().owner(),
                ground.checkpoint(),
                ledger,
                intake.topic(),
                intake.group(),
                clientSettings,
                LOG::warn)) {
            if (changed.isPresent()) {
                changed.get().enter(records.ledger(), LOG::warn);
            }
            if (ground.devices().getFirst().isGpu()) {
                records.ledger().expectOtherResults();
            }
            status.holding(records.seen()::size);
            return train(ground, learner, records, new Begin(start, state, fingerprint));
        }
    }

    private String train(Ground ground, Learner learner, RunRecords records, Begin begin)
            throws IOException, InterruptedException {
        try (Checkpointer checkpointer = new Checkpointer(
                        ground.checkpoints(), records, settings.checkpoint().asynchronous(), status, LOG::info);
                TextDuty texts = desk.open(learner.model(), ground.tokenizer())) {
            TrainingLoop training = new TrainingLoop(
                    plan(begin),
                    begin.state(),
                    learner,
                    Schedules.learningRate(settings.train()),
                    checkpointer,
                    records.ledger(),
                    records.outbox(),
                    Evaluator.of(settings, ground.tokenizer(), clientSettings, intake.group(), status, LOG::info),
                    texts,
                    status,
                    InstantSource.system(),
                    LOG::info);
            loop = training;
            if (stopRequested) {
                training.requestStop();
            }
            // Not before: who stands by, or will be refused, must not take partitions from the trainer that trains.
            intake.join();
            intake.exchange().open(begin.start().ranges());
            try (Prefetcher batches = new Prefetcher(
                    Assemblers.of(
                            settings,
                            intake.exchange(),
                            ground.tokenizer(),
                            begin.state().step(),
                            begin.start(),
                            records),
                    settings.batch().prefetch())) {
                String why = training.run(batches);
                if (!stopRequested) {
                    export(learner, ground.tokenizer());
                }
                return why;
            } finally {
                loop = null;
            }
        }
    }

    private TrainingLoop.Plan plan(Begin begin) {
        TrainConfig train = settings.train();
        return new TrainingLoop.Plan(
                settings.batch().microBatch(),
                settings.batch().documentMask(),
                settings.checkpoint().everySteps(),
                train.logEvery(),
                train.maxNonFinite(),
                spikes(train.spike()),
                train.maxSteps(),
                begin.start().bounds(),
                begin.fingerprint());
    }

    private void export(Learner learner, DocumentTokenizer tokenizer) throws IOException {
        TrainConfig.Export export = settings.train().export();
        if (export.directory().isPresent()) {
            Path written = new ModelExport(export.directory().get(), export.type(), tokenizer).write(learner);
            LOG.infof("the model is in %s", written);
        }
    }

    private static Optional<SpikeRule> spikes(TrainConfig.Spike spike) {
        return spike.sigma().isPresent()
                ? Optional.of(new SpikeRule(spike.sigma().getAsDouble(), spike.window()))
                : Optional.empty();
    }

    /// Looks at the log until it is there: a broker that is away is waited for.
    private LogInspector.@Nullable Snapshot look(LogInspector inspector) throws InterruptedException {
        while (!stopRequested) {
            intake.exchange().requireConsumer();
            try {
                status.enter(new TrainingState.Connecting("looking at " + intake.topic()));
                return inspector.look();
            } catch (IntakeFailedException e) {
                LOG.warnf("%s; trying again in %d s", e.getMessage(), RETRY.toSeconds());
                status.enter(new TrainingState.Connecting(String.valueOf(e.getMessage())));
                Thread.sleep(RETRY);
            }
        }
        return null;
    }
}
