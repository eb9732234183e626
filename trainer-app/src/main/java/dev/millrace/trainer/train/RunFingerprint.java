package dev.millrace.trainer.train;

import ai.djl.Device;
import ai.djl.engine.Engine;
import dev.millrace.trainer.intake.DocumentDecoder;
import dev.millrace.trainer.learn.TorchEngine;
import dev.millrace.trainer.model.ModelConfig;
import dev.millrace.trainer.tokenize.TokenizerConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// What the bits of a run depend on: the settings that may not change within it, by property, and what it met.
final class RunFingerprint {
    /// Of what a run does without.
    private static final String OFF = "off";
    private static final String REPLICAS = "replicas";
    private static final String LIBTORCH = "libtorch";
    private static final String DJL = "djl";
    private static final String INSTRUCTION_SET = "instruction-set";

    private static final String ISOLATION_LEVEL = "mp.messaging.incoming.documents.isolation.level";

    /// Those that decide which tokens a step is made of.
    static final Set<String> COMPOSING = Set.of(
            "millrace.batch.sequence-length",
            "millrace.batch.micro-batch",
            "millrace.batch.accumulation",
            "millrace.batch.ramp",
            "millrace.intake.max-record-size",
            "millrace.intake.duplicate-window");

    /// Those that may change within a run where its owner says so. The others say where on which log a run is,
    /// and what its weights are of.
    static final Set<String> CHANGEABLE = Stream.concat(
                    COMPOSING.stream(),
                    Stream.of(
                            "millrace.train.learning-rate",
                            "millrace.train.beta1",
                            "millrace.train.beta2",
                            "millrace.train.epsilon",
                            "millrace.train.weight-decay",
                            "millrace.train.max-gradient-norm",
                            "millrace.train.router-bias-rate",
                            "millrace.train.router-bias-ramp",
                            "millrace.train.balance-weight",
                            "millrace.train.prediction-weight",
                            "millrace.train.prediction-ramp",
                            "millrace.batch.document-mask",
                            "millrace.train.spike.sigma",
                            "millrace.train.spike.window",
                            "millrace.engine.recompute",
                            "millrace.engine.threads",
                            "millrace.engine.precision",
                            REPLICAS,
                            LIBTORCH,
                            DJL,
                            INSTRUCTION_SET))
            .collect(Collectors.toUnmodifiableSet());

    private RunFingerprint() {}

    /// What a run had that was begun before there was such a setting.
    static String before(String property) {
        return property.equals(ISOLATION_LEVEL) ? "read_committed" : OFF;
    }

    /// What a run met, beside its settings.
    ///
    /// @param model that was loaded
    /// @param learned the fingerprint of its learner
    /// @param tokenizer its fingerprint
    /// @param topicId changes where a topic is created again
    /// @param isolationLevel whether records of transactions that were given up count
    /// @param engine that computes
    /// @param devices that it computes on, one for each replica of the model
    record Surroundings(
            ModelConfig model,
            SortedMap<String, String> learned,
            String tokenizer,
            String topic,
            String topicId,
            String isolationLevel,
            TorchEngine.Loaded engine,
            List<Device> devices) {}

    static SortedMap<String, String> of(RunSettings settings, Surroundings met) throws IOException {
        SortedMap<String, String> values = new TreeMap<>();
        TrainConfig train = settings.train();
        values.put("millrace.train.model", mathematics(train.model(), met.model()));
        values.putAll(met.learned());
        values.put(
                "millrace.train.epochs",
                train.epochs().isPresent() ? Integer.toString(train.epochs().getAsInt()) : "for ever");
        values.put("millrace.train.learning-rate", Schedules.learningRate(train).toString());
        values.put("millrace.train.beta1", Double.toString(train.beta1()));
        values.put("millrace.train.beta2", Double.toString(train.beta2()));
        values.put("millrace.train.epsilon", Double.toString(train.epsilon()));
        values.put("millrace.train.weight-decay", Double.toString(train.weightDecay()));
        values.put("millrace.train.max-gradient-norm", Double.toString(train.maxGradientNorm()));
        values.put("millrace.train.router-bias-rate", Double.toString(train.routerBiasRate()));
        values.put("millrace.train.router-bias-ramp", stages(train.routerBiasRamp()));
        values.put("millrace.train.balance-weight", Double.toString(train.balanceWeight()));
        values.put("millrace.train.prediction-weight", Double.toString(train.predictionWeight()));
        values.put("millrace.train.prediction-ramp", stages(train.predictionRamp()));
        OptionalDouble sigma = train.spike().sigma();
        values.put("millrace.train.spike.sigma", sigma.isPresent() ? Double.toString(sigma.getAsDouble()) : OFF);
        values.put(
                "millrace.train.spike.window",
                sigma.isPresent() ? Integer.toString(train.spike().window()) : OFF);
        values.put(
                "millrace.batch.sequence-length",
                Integer.toString(settings.batch().sequenceLength()));
        values.put(
                "millrace.batch.micro-batch", Integer.toString(settings.batch().microBatch()));
        values.put(
                "millrace.batch.accumulation", Integer.toString(settings.batch().accumulation()));
        values.put("millrace.batch.document-mask", settings.batch().documentMask() ? "true" : OFF);
        values.put("millrace.batch.ramp", stages(settings.batch().ramp()));
        values.put(
                "millrace.intake.max-record-size",
                Long.toString(settings.intake().maxRecordSize().asLongValue()));
        values.put(
                "millrace.intake.duplicate-window",
                Integer.toString(settings.intake().duplicateWindow()));
        values.put("millrace.engine.recompute", settings.engine().recompute().toString());
        values.put(
                "millrace.tokenizer.fill-in-the-middle.rate",
                fillInTheMiddle(settings.tokenizer().fillInTheMiddle(), train.seed()));
        values.put("millrace.engine.threads", Integer.toString(met.engine().threads()));
        values.put(
                "millrace.engine.precision",
                settings.engine().precision().on(met.devices().getFirst()).toString());
        values.put(REPLICAS, Integer.toString(met.devices().size()));
        values.put(LIBTORCH, met.engine().libtorch());
        values.put(DJL, Engine.getDjlVersion());
        values.put(
                INSTRUCTION_SET,
                met.devices().getFirst().isGpu() ? "of the GPU" : met.engine().instructionSet());
        values.put("contract", Integer.toString(DocumentDecoder.CONTRACT));
        values.put("tokenizer", met.tokenizer());
        values.put("topic", met.topic());
        values.put("topic id", met.topicId());
        values.put(ISOLATION_LEVEL, met.isolationLevel());
        return values;
    }

    private static String stages(Optional<List<String>> ramp) {
        return ramp.map(stages -> String.join(",", stages)).orElse(OFF);
    }

    private static String fillInTheMiddle(TokenizerConfig.FillInTheMiddle settings, long seed) {
        return settings.rate() == 0
                ? OFF
                : settings.rate() + " with millrace.train.seed " + seed + " and "
                        + List.of(settings.begin(), settings.hole(), settings.end());
    }

    /// What the mathematics of the model depends on: of the configured model where it is there, so that a changed
    /// one is noticed, else of the one that was restored.
    private static String mathematics(Path configured, ModelConfig restored) throws IOException {
        ModelConfig model = Files.exists(configured) ? ModelConfig.read(configured) : restored;
        return model.mathematics().toString();
    }
}
