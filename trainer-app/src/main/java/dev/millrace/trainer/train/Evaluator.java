package dev.millrace.trainer.train;

import dev.millrace.trainer.evaluate.Evaluation;
import dev.millrace.trainer.evaluate.EvaluationConfig;
import dev.millrace.trainer.evaluate.HeldOutReader;
import dev.millrace.trainer.evaluate.HeldOutSet;
import dev.millrace.trainer.intake.DocumentDecoder;
import dev.millrace.trainer.intake.LogInspector;
import dev.millrace.trainer.model.DeepSeekModel;
import dev.millrace.trainer.tokenize.DocumentTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/// Evaluates on held-out text, now and then. The training thread's.
final class Evaluator {
    private final HeldOutSet heldOut;
    private final long everySteps;
    private final TrainingStatus status;
    private final Consumer<String> log;

    /// @param everySteps between two evaluations
    Evaluator(HeldOutSet heldOut, long everySteps, TrainingStatus status, Consumer<String> log) {
        this.heldOut = heldOut;
        this.everySteps = everySteps;
        this.status = status;
        this.log = log;
    }

    /// Reads the held-out text that the settings name, where they do.
    ///
    /// @param clientSettings of Kafka
    /// @throws IOException naming what cannot be read
    /// @throws IllegalArgumentException naming the setting, where nothing is to be evaluated
    static Optional<Evaluator> of(
            RunSettings settings,
            DocumentTokenizer tokenizer,
            Map<String, Object> clientSettings,
            String group,
            TrainingStatus status,
            Consumer<String> log)
            throws IOException, InterruptedException {
        EvaluationConfig evaluation = settings.evaluation();
        List<Path> files = evaluation.files().orElse(List.of());
        if (files.isEmpty() && evaluation.topic().isEmpty()) {
            return Optional.empty();
        }
        HeldOutSet.Builder set = new HeldOutSet.Builder(
                new HeldOutSet.Shape(
                        settings.batch().sequenceLength(),
                        settings.batch().microBatch(),
                        settings.batch().documentMask()),
                evaluation.maxTokens());
        HeldOutReader reader = new HeldOutReader(
                new DocumentDecoder(
                        Math.toIntExact(settings.intake().maxRecordSize().asLongValue())),
                tokenizer,
                set);
        for (Path file : files) {
            if (!reader.full()) {
                reader.read(file);
            }
        }
        if (evaluation.topic().isPresent() && !reader.full()) {
            reader.read(new LogInspector(clientSettings, evaluation.topic().get(), group));
        }
        HeldOutSet heldOut = set.build()
                .orElseThrow(() -> new IllegalArgumentException("millrace.evaluation.files and .topic hold "
                        + (reader.full()
                                ? "a first document of more than millrace.evaluation.max-tokens = "
                                        + evaluation.maxTokens() + " tokens: raise it, or split the document"
                                : "no text to evaluate on")));
        log.accept("evaluating on " + heldOut
                + (reader.full() ? ", which is all that millrace.evaluation.max-tokens has room for" : "")
                + (reader.passedBy() > 0 ? "; " + reader.passedBy() + " records of the topic are no text" : ""));
        return Optional.of(new Evaluator(
                heldOut,
                Math.multiplyExact(settings.checkpoint().everySteps(), evaluation.everyCheckpoints()),
                status,
                log));
    }

    /// Whether a step is one to evaluate after.
    boolean due(long step) {
        return step % everySteps == 0;
    }

    /// Measures the weights of a step, which are on the disk by then.
    ///
    /// @param goOn whether the run is not to stop; what is not finished then is dropped
    void evaluate(long step, DeepSeekModel model, BooleanSupplier goOn) {
        long began = System.nanoTime();
        Optional<Evaluation> evaluation = heldOut.measure(model, () -> {
            status.beat();
            return goOn.getAsBoolean();
        });
        Duration took = Duration.ofNanos(System.nanoTime() - began);
        status.evaluated(step, evaluation, took);
        log.accept(evaluation
                .map(result -> String.format(
                        Locale.ROOT,
                        "step %,d held out: loss %.4f  perplexity %.2f  %.4f bits per byte  over %,d tokens in %d ms",
                        step,
                        result.loss(),
                        result.perplexity(),
                        result.bitsPerByte(),
                        result.targets(),
                        took.toMillis()))
                .orElse("the evaluation of step " + step + " is dropped: the run is to stop"));
    }
}
