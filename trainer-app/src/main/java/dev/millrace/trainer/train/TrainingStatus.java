package dev.millrace.trainer.train;

import dev.millrace.trainer.batch.Bounds;
import dev.millrace.trainer.batch.Cursor;
import dev.millrace.trainer.evaluate.Evaluation;
import dev.millrace.trainer.learn.StepOutcome;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// What the training thread tells the rest of the process. Written by the training thread, and of checkpoints by
/// the one that writes them; read by any: every answer is an immutable value.
public final class TrainingStatus {
    private static final int STEPS_WITHOUT_A_SIGN = 20;

    private final InstantSource clock;
    private final Duration heartbeatTimeout;
    private volatile TrainingState state = new TrainingState.Starting("nothing yet");
    private volatile boolean started;
    private volatile BiConsumer<Cursor, StepReport> watcher = (_, _) -> {};
    private volatile LongSupplier seenIds = () -> 0;
    private volatile Totals totals = Totals.NONE;
    private volatile @Nullable StepReport lastStep;
    private volatile @Nullable ModelCard card;
    private volatile @Nullable Cursor cursor;
    private volatile @Nullable Bounds bounds;
    private volatile @Nullable CheckpointReport lastCheckpoint;
    private volatile @Nullable EvaluationReport lastEvaluation;
    private volatile Duration evaluating = Duration.ZERO;
    private volatile Instant heartbeat;
    private volatile Duration longestStep = Duration.ZERO;
    private volatile Duration longestCheckpoint = Duration.ZERO;
    private volatile Duration paused = Duration.ZERO;

    /// @param heartbeatTimeout the least time without a sign after which the training thread is taken for dead
    public TrainingStatus(InstantSource clock, Duration heartbeatTimeout) {
        this.clock = clock;
        this.heartbeatTimeout = heartbeatTimeout;
        this.heartbeat = clock.instant();
    }

    /// Sums since this process began.
    ///
    /// @param step the number of the last step of the run
    /// @param steps done by this process
    /// @param nonFinite of them, those without a finite loss and gradient norm, which left the weights as they were
    /// @param spikes of them, those that left the weights as they were because they leapt out of those before
    /// @param targets tokens that this process trained on
    public record Totals(
            long step, long steps, long nonFinite, long spikes, long targets, long computeNanos, long waitNanos) {
        static final Totals NONE = new Totals(0, 0, 0, 0, 0, 0, 0);

        Totals plus(StepReport report) {
            return new Totals(
                    report.step(),
                    steps + 1,
                    nonFinite + (report.outcome() instanceof StepOutcome.NonFinite ? 1 : 0),
                    spikes + (report.outcome() instanceof StepOutcome.Spike ? 1 : 0),
                    targets + report.targets(),
                    computeNanos + report.computeNanos(),
                    waitNanos + report.waitNanos());
        }

        /// Share of the time that the training thread waited for data.
        public double waitingShare() {
            long all = computeNanos + waitNanos;
            return all == 0 ? 0 : (double) waitNanos / all;
        }
    }

    /// The last checkpoint of this process.
    public record CheckpointReport(long step, Path directory, Duration took, Instant at, long count) {}

    /// The last evaluation of this process.
    ///
    /// @param step whose weights were evaluated
    public record EvaluationReport(long step, Instant at, Evaluation result) {}

    /// Has a watcher see each step, on the training thread, with how far the log was used before it.
    public void watch(BiConsumer<Cursor, StepReport> steps) {
        watcher = steps;
    }

    /// A sign of life.
    public void beat() {
        heartbeat = clock.instant();
    }

    void enter(TrainingState next) {
        state = next;
        beat();
    }

    void restored(Cursor from, @Nullable Bounds within, long step) {
        cursor = from;
        bounds = within;
        totals = new Totals(step, 0, 0, 0, 0, 0, 0);
    }

    void loaded(ModelCard model) {
        card = model;
    }

    /// @param ids tells how many ids of documents are held
    void holding(LongSupplier ids) {
        seenIds = ids;
    }

    /// Ids of documents that are held to find those that were sent twice.
    public long seenIds() {
        return seenIds.getAsLong();
    }

    void startedUp() {
        started = true;
    }

    void stepped(StepReport report) {
        Cursor before = cursor;
        if (before != null) {
            watcher.accept(before, report);
        }
        totals = totals.plus(report);
        lastStep = report;
        cursor = report.after();
        Duration took = Duration.ofNanos(report.computeNanos());
        longestStep = longer(longestStep, took);
        beat();
    }

    void checkpointed(long step, Path directory, Duration took) {
        CheckpointReport before = lastCheckpoint;
        lastCheckpoint =
                new CheckpointReport(step, directory, took, clock.instant(), before == null ? 1 : before.count() + 1);
        longestCheckpoint = longer(longestCheckpoint, took);
    }

    void paused(Duration more) {
        paused = paused.plus(more);
        beat();
    }

    void evaluated(long step, Optional<Evaluation> result, Duration took) {
        evaluating = evaluating.plus(took);
        result.ifPresent(each -> lastEvaluation = new EvaluationReport(step, clock.instant(), each));
        beat();
    }

    private static Duration longer(Duration a, Duration b) {
        return a.compareTo(b) > 0 ? a : b;
    }

    public TrainingState state() {
        return state;
    }

    /// Whether engine, model and checkpoint are loaded.
    public boolean started() {
        return started;
    }

    public Totals totals() {
        return totals;
    }

    /// The model, once it is loaded.
    public Optional<ModelCard> model() {
        return Optional.ofNullable(card);
    }

    public Optional<StepReport> lastStep() {
        return Optional.ofNullable(lastStep);
    }

    /// How far the log has been trained.
    public Optional<Cursor> cursor() {
        return Optional.ofNullable(cursor);
    }

    public Optional<Bounds> bounds() {
        return Optional.ofNullable(bounds);
    }

    public Optional<CheckpointReport> lastCheckpoint() {
        return Optional.ofNullable(lastCheckpoint);
    }

    public Optional<EvaluationReport> lastEvaluation() {
        return Optional.ofNullable(lastEvaluation);
    }

    /// How long training stood still for the evaluations of this process.
    public Duration evaluating() {
        return evaluating;
    }

    /// How long the training thread has given no sign.
    public Duration silence() {
        return Duration.between(heartbeat, clock.instant());
    }

    /// How long it may give none: derived from the longest step, and the longest checkpoint, measured so far.
    public Duration allowedSilence() {
        return longer(heartbeatTimeout, longer(longestStep, longestCheckpoint).multipliedBy(STEPS_WITHOUT_A_SIGN));
    }

    /// How long training stood still for the checkpoints of this process.
    public Duration paused() {
        return paused;
    }

    /// Age of the last checkpoint of this process.
    public Optional<Duration> checkpointAge() {
        return lastCheckpoint().map(report -> Duration.between(report.at(), clock.instant()));
    }
}
