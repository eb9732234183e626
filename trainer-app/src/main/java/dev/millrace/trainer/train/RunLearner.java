package dev.millrace.trainer.train;

import ai.djl.Device;
import dev.millrace.trainer.checkpoint.Checkpoint;
import dev.millrace.trainer.learn.Learner;
import dev.millrace.trainer.learn.LearnerSettings;
import dev.millrace.trainer.learn.Objective;
import dev.millrace.trainer.model.AdapterShape;
import dev.millrace.trainer.model.ModelConfig;
import dev.millrace.trainer.weights.WeightFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/// The learner that the settings ask for: of a whole model, or of adapters of one.
///
/// @param adapter where only adapters are learned
/// @param fingerprint what of it must not change within a run: of adapters also the weights that they are learned for
record RunLearner(
        TrainConfig train, EngineConfig engine, Optional<AdapterShape> adapter, SortedMap<String, String> fingerprint) {
    private static final String PREFIX = "millrace.train.adapter.";
    private static final String RANK = PREFIX + "rank";

    /// Reads the settings, and the weights of a model that is to be adapted once through.
    ///
    /// @throws IllegalArgumentException naming the setting that asks for something impossible
    static RunLearner of(TrainConfig train, EngineConfig engine) throws IOException {
        SortedMap<String, String> fingerprint = new TreeMap<>();
        if (train.adapter().rank().isEmpty()) {
            fingerprint.put(RANK, "none");
            return new RunLearner(train, engine, Optional.empty(), fingerprint);
        }
        AdapterShape shape = shape(train.adapter());
        Path model = train.model();
        requireThere(model);
        if (!Files.isDirectory(model)) {
            throw new IllegalArgumentException(RANK + " is set, and millrace.train.model = " + model
                    + " is no Hugging Face model directory: adapters need weights that they can be loaded onto again");
        }
        fingerprint.put(RANK, Integer.toString(shape.rank()));
        fingerprint.put(PREFIX + "alpha", Double.toString(shape.alpha()));
        fingerprint.put(PREFIX + "target-modules", new TreeSet<>(shape.targetModules()).toString());
        fingerprint.put("SHA-256 of millrace.train.model", WeightFiles.digest(model));
        return new RunLearner(train, engine, Optional.of(shape), fingerprint);
    }

    private static AdapterShape shape(TrainConfig.Adapter adapter) {
        try {
            return new AdapterShape(adapter.rank().orElseThrow(), adapter.alpha(), adapter.targetModules());
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(PREFIX + "*: " + e.getMessage(), e);
        }
    }

    private static void requireThere(Path model) throws IOException {
        if (!Files.exists(model)) {
            throw new IOException("millrace.train.model = " + model.toAbsolutePath()
                    + " is not there: it is a config.json, or a Hugging Face model directory");
        }
    }

    /// @param checkpoint to go on from
    /// @param devices one for each replica
    /// @throws IllegalArgumentException where it is one of another [#fingerprint]
    Learner start(Optional<Checkpoint> checkpoint, Device... devices) throws IOException {
        LearnerSettings how = new LearnerSettings(
                train.seed(),
                train.beta1(),
                train.beta2(),
                train.epsilon(),
                train.weightDecay(),
                train.maxGradientNorm(),
                Schedules.routerBiasRate(train),
                new Objective(train.balanceWeight(), Schedules.predictionWeight(train)),
                engine.precision().on(devices[0]),
                engine.recompute(),
                train.initStd());
        if (checkpoint.isPresent()) {
            return restored(checkpoint.get(), how, devices);
        }
        Path model = train.model();
        requireThere(model);
        if (adapter.isPresent()) {
            return Learner.adapt(model, adapter.get(), how, devices);
        }
        return Files.isDirectory(model)
                ? Learner.load(model, how, devices)
                : Learner.create(ModelConfig.read(model), how, devices);
    }

    private Learner restored(Checkpoint checkpoint, LearnerSettings how, Device... devices) throws IOException {
        SortedMap<String, String> before = new TreeMap<>(checkpoint.manifest().fingerprint());
        before.keySet().retainAll(fingerprint.keySet());
        new SettingsCheck(checkpoint.manifest().step(), before, List.of(), OptionalLong.empty())
                .changes(fingerprint, Set.of());
        long steps = checkpoint.manifest().optimizerSteps();
        return adapter.isPresent()
                ? Learner.restoreAdapter(train.model(), adapter.get(), checkpoint.directory(), steps, how, devices)
                : Learner.restore(checkpoint.directory(), steps, how, devices);
    }
}
