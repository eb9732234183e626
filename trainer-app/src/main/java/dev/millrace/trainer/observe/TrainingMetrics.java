package dev.millrace.trainer.observe;

import dev.millrace.trainer.batch.Cursor;
import dev.millrace.trainer.batch.PartitionCursor;
import dev.millrace.trainer.evaluate.Evaluation;
import dev.millrace.trainer.generate.GenerationDesk;
import dev.millrace.trainer.intake.DocumentIntake;
import dev.millrace.trainer.intake.RecordExchange.PartitionStatus;
import dev.millrace.trainer.train.StepReport;
import dev.millrace.trainer.train.TrainingStatus;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToDoubleFunction;

/// The figures of a run, at `/q/metrics`. Reads [TrainingStatus] and the exchange when scraped; the training thread
/// never waits for it.
@Singleton
final class TrainingMetrics {
    private static final double NANOS = 1e9;

    private final TrainingStatus status;
    private final DocumentIntake intake;
    private final GenerationDesk desk;
    private final MeterRegistry registry;
    private final Set<Integer> partitions = ConcurrentHashMap.newKeySet();

    TrainingMetrics(TrainingStatus status, DocumentIntake intake, GenerationDesk desk, MeterRegistry registry) {
        this.status = status;
        this.intake = intake;
        this.desk = desk;
        this.registry = registry;
    }

    void register(@Observes StartupEvent event) {
        counter("millrace.steps", "Steps done by this process", s -> s.totals().steps());
        skippedSteps("non-finite", s -> s.totals().nonFinite());
        skippedSteps("spike", s -> s.totals().spikes());
        counter(
                "millrace.tokens.trained",
                "Targets that this process trained on",
                s -> s.totals().targets());
        counter(
                "millrace.training.seconds",
                "Time spent on steps",
                s -> s.totals().computeNanos() / NANOS);
        counter(
                "millrace.waiting.seconds",
                "Time the training thread waited for data",
                s -> s.totals().waitNanos() / NANOS);
        counter(
                "millrace.records.read",
                "Records used, of any kind",
                s -> counts(s).records());
        counter("millrace.bytes.read", "Bytes of their values", s -> counts(s).bytes());
        counter(
                "millrace.tokens.read",
                "Tokens made of the documents among them",
                s -> counts(s).tokens());
        counter("millrace.records.rejected", "Bad records", s -> counts(s).rejected());
        counter(
                "millrace.records.duplicate",
                "Documents whose id was seen before",
                s -> counts(s).duplicates());
        gauge("millrace.seen.ids", "Ids of documents that are held to find those", TrainingStatus::seenIds);
        counter(
                "millrace.records.skipped",
                "Records of a medium that the model cannot use, or of millrace.intake.skip",
                s -> counts(s).skipped());
        counter(
                "millrace.checkpoints",
                "Checkpoints of this process",
                s -> s.lastCheckpoint().map(report -> (double) report.count()).orElse(0.0));
        counter(
                "millrace.checkpoint.pause.seconds",
                "Time that training stood still for checkpoints",
                s -> seconds(s.paused()));
        counter(
                "millrace.generate.pause.seconds",
                "Time that training stood still for texts",
                s -> desk.totals().pausedNanos() / NANOS);
        counter(
                "millrace.generate.texts",
                "Texts that the model wrote",
                s -> desk.totals().texts());
        counter("millrace.generate.tokens", "Tokens of them", s -> desk.totals().tokens());
        gauge("millrace.generate.waiting", "Prompts that wait", s -> desk.waiting());
        gauge(
                "millrace.step",
                "Number of the last step of the run",
                s -> s.totals().step());
        gauge("millrace.loss", "Loss of the last step in nats per token", s -> last(s, StepReport::loss));
        gauge(
                "millrace.gradient.norm",
                "Global gradient norm of the last step, before clipping",
                s -> last(s, StepReport::gradientNorm));
        gauge("millrace.learning.rate", "Learning rate of the last step", s -> last(s, StepReport::learningRate));
        gauge(
                "millrace.tokens.per.second",
                "Targets of the last step over its time, waiting included",
                s -> last(s, step -> step.targets() * NANOS / Math.max(1, step.computeNanos() + step.waitNanos())));
        gauge(
                "millrace.waiting.share",
                "Share of the time that the training thread waited for data",
                s -> s.totals().waitingShare());
        gauge("millrace.tokens.to.train", "Tokens that the log still holds for this run, estimated", s -> toTrain());
        gauge(
                "millrace.checkpoint.duration.seconds",
                "Time the last checkpoint took until it was durable and published",
                s -> s.lastCheckpoint().map(report -> seconds(report.took())).orElse(Double.NaN));
        gauge(
                "millrace.checkpoint.age.seconds",
                "Age of the last checkpoint of this process",
                s -> s.checkpointAge().map(TrainingMetrics::seconds).orElse(Double.NaN));
        gauge(
                "millrace.partitions.unread",
                "Partitions that were added since the run began: they wait for its next start",
                s -> intake.exchange().unread().size());
        counter(
                "millrace.evaluation.seconds",
                "Time that training stood still for evaluations",
                s -> seconds(s.evaluating()));
        gauge(
                "millrace.evaluation.step",
                "Step of the last evaluation",
                s -> s.lastEvaluation().map(report -> (double) report.step()).orElse(Double.NaN));
        gauge("millrace.evaluation.loss", "Its loss in nats per token", s -> evaluated(s, Evaluation::loss));
        gauge("millrace.evaluation.perplexity", "Its perplexity", s -> evaluated(s, Evaluation::perplexity));
        gauge("millrace.evaluation.bits.per.byte", "Its bits per byte", s -> evaluated(s, Evaluation::bitsPerByte));
        gauge("millrace.partitions.assigned", "Partitions assigned to this trainer", s -> {
            registerPartitions();
            return intake.exchange().status().values().stream()
                    .filter(PartitionStatus::assigned)
                    .count();
        });
    }

    private void skippedSteps(String reason, ToDoubleFunction<TrainingStatus> value) {
        FunctionCounter.builder("millrace.steps.skipped", status, value)
                .description("Steps that left the weights as they were")
                .tag("reason", reason)
                .register(registry);
    }

    private void counter(String name, String description, ToDoubleFunction<TrainingStatus> value) {
        FunctionCounter.builder(name, status, value).description(description).register(registry);
    }

    private void gauge(String name, String description, ToDoubleFunction<TrainingStatus> value) {
        Gauge.builder(name, status, value).description(description).register(registry);
    }

    /// The partitions are known once the log has been looked at, so their meters come with the first scrape after
    /// that.
    private void registerPartitions() {
        for (int partition : intake.exchange().status().keySet()) {
            if (partitions.add(partition)) {
                partitionGauge("millrace.partition.position", "Offset of the next window", partition, p -> position(p));
                partitionGauge(
                        "millrace.partition.buffered.bytes", "Record bytes that wait", partition, p -> of(p).bytes());
                partitionGauge("millrace.partition.lag", "Records not fetched yet", partition, p -> of(p).lag());
                partitionGauge(
                        "millrace.partition.tokens.to.train",
                        "Tokens that it still holds for this run, estimated",
                        partition,
                        this::toTrain);
            }
        }
    }

    private void partitionGauge(String name, String description, int partition, ToDoubleFunction<Integer> value) {
        Gauge.builder(name, () -> value.applyAsDouble(partition))
                .description(description)
                .tags(Tags.of("partition", Integer.toString(partition)))
                .register(registry);
    }

    private PartitionStatus of(int partition) {
        PartitionStatus known = intake.exchange().status().get(partition);
        return known == null ? new PartitionStatus(0, 0, 0, 0, false) : known;
    }

    private double position(int partition) {
        return status.cursor().stream()
                .flatMap(cursor -> cursor.partitions().stream())
                .filter(cursor -> cursor.partition() == partition)
                .mapToDouble(cursor -> cursor.position().offset())
                .findFirst()
                .orElse(Double.NaN);
    }

    private double toTrain() {
        return intake.exchange().status().keySet().stream()
                .mapToDouble(this::toTrain)
                .sum();
    }

    /// Records between the position and the end of the log, times the tokens that a record has had so far.
    private double toTrain(int partition) {
        PartitionStatus known = of(partition);
        Cursor.Counts counts = counts(status);
        double tokensPerRecord = counts.records() == 0 ? 0 : (double) counts.tokens() / counts.records();
        double position = status.cursor().stream()
                .flatMap(cursor -> cursor.partitions().stream())
                .filter(cursor -> cursor.partition() == partition && !cursor.done())
                .map(PartitionCursor::position)
                .mapToDouble(each -> (double) each.offset())
                .findFirst()
                .orElse((double) (known.awaited() + known.lag()));
        return Math.max(0, known.awaited() + known.lag() - position) * tokensPerRecord;
    }

    private static Cursor.Counts counts(TrainingStatus status) {
        return status.cursor().map(Cursor::counts).orElse(Cursor.Counts.NONE);
    }

    private static double last(TrainingStatus status, ToDoubleFunction<StepReport> value) {
        return status.lastStep().map(value::applyAsDouble).orElse(Double.NaN);
    }

    private static double evaluated(TrainingStatus status, ToDoubleFunction<Evaluation> value) {
        return status.lastEvaluation()
                .map(report -> value.applyAsDouble(report.result()))
                .orElse(Double.NaN);
    }

    private static double seconds(Duration duration) {
        return duration.toNanos() / NANOS;
    }
}
