package dev.millrace.trainer.train;

import dev.millrace.trainer.batch.Bounds;
import dev.millrace.trainer.batch.Cursor;
import dev.millrace.trainer.batch.Prefetcher;
import dev.millrace.trainer.batch.StepBatch;
import dev.millrace.trainer.checkpoint.CheckpointManifest;
import dev.millrace.trainer.generate.Interlude;
import dev.millrace.trainer.intake.IntakeFailedException;
import dev.millrace.trainer.learn.Learner;
import dev.millrace.trainer.learn.LearningRateSchedule;
import dev.millrace.trainer.learn.SpikeRule;
import dev.millrace.trainer.learn.StepHistory;
import dev.millrace.trainer.learn.StepOutcome;
import dev.millrace.trainer.ledger.StepLedger;
import dev.millrace.trainer.ledger.StepResult;
import dev.millrace.trainer.publish.Outbox;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Step after step: take a batch, train on it, and every so often make weights and offsets durable as one unit.
///
/// Runs on the training thread, which owns the learner. [#requestStop] may be called by any thread; it ends
/// the loop after the step under way.
public final class TrainingLoop {
    /// How long the loop waits for data before it gives a sign of life and looks whether it is to stop.
    private static final long PATIENCE_NANOS = Duration.ofMillis(100).toNanos();

    private final Plan plan;
    private final Learner learner;
    private final LearningRateSchedule schedule;
    private final Checkpointer checkpoints;
    private final StepLedger ledger;
    private final Outbox outbox;
    private final Optional<Evaluator> evaluator;
    private final Interlude interlude;
    private final TrainingStatus status;
    private final InstantSource clock;
    private final Consumer<String> log;
    private long step;
    private long targets;
    private double loss;
    private StepHistory history;
    private Cursor cursor;
    private long evaluatedStep = -1;
    private @Nullable StagedStep ahead;
    private Checkpointer.@Nullable Covered saved;
    private volatile boolean stopRequested;

    /// What a run is to do.
    ///
    /// @param microBatch windows through the model at once
    /// @param documentMask whether the documents of a window are kept apart
    /// @param checkpointEvery steps
    /// @param logEvery steps
    /// @param maxNonFinite steps in a row without a finite loss and gradient norm that end the run
    /// @param spikes what is too far above the steps before
    /// @param fingerprint settings that must not change within the run
    public record Plan(
            int microBatch,
            boolean documentMask,
            long checkpointEvery,
            long logEvery,
            int maxNonFinite,
            Optional<SpikeRule> spikes,
            OptionalLong maxSteps,
            Optional<Bounds> bounds,
            Map<String, String> fingerprint) {}

    /// Where a run goes on.
    ///
    /// @param saved whether a checkpoint of just this state exists
    public record State(long step, long targets, double loss, StepHistory history, Cursor cursor, boolean saved) {
        /// Before the first step.
        static State before(Cursor cursor) {
            return new State(0, 0, Double.NaN, StepHistory.NONE, cursor, false);
        }

        /// Behind a checkpoint.
        ///
        /// @param cursor its own, or that with the partitions which were added since
        static State after(CheckpointManifest checkpoint, Cursor cursor) {
            return new State(
                    checkpoint.step(), checkpoint.targets(), checkpoint.loss(), checkpoint.history(), cursor, true);
        }
    }

    public TrainingLoop(
            Plan plan,
            State state,
            Learner learner,
            LearningRateSchedule schedule,
            Checkpointer checkpoints,
            StepLedger ledger,
            Outbox outbox,
            Optional<Evaluator> evaluator,
            Interlude interlude,
            TrainingStatus status,
            InstantSource clock,
            Consumer<String> log) {
        this.plan = plan;
        this.step = state.step();
        this.targets = state.targets();
        this.loss = state.loss();
        this.history = state.history();
        this.cursor = state.cursor();
        this.learner = learner;
        this.schedule = schedule;
        this.checkpoints = checkpoints;
        this.ledger = ledger;
        this.outbox = outbox;
        this.evaluator = evaluator;
        this.interlude = interlude;
        this.status = status;
        this.clock = clock;
        this.log = log;
        this.saved = state.saved() ? covered() : null;
    }

    /// Ends the loop after the step under way.
    public void requestStop() {
        stopRequested = true;
    }

    /// Trains until the run is over or a stop is requested, and leaves a checkpoint of where it ended.
    ///
    /// @return why it ended
    public String run(Prefetcher batches) throws IOException, InterruptedException {
        long began = System.nanoTime();
        double shareAtStart =
                ProgressLine.share(step, cursor, plan.maxSteps(), plan.bounds()).orElse(0);
        String why = "stopped on request";
        if (saved == null) {
            // A run begins with what it is bound to (its stretch of the log, its settings) on the disk.
            save();
            checkpoints.await();
        } else {
            var _ = checkpoints.publish(covered());
        }
        // Not before: how long a checkpoint takes here is only known now, and silence is no sign of death until then.
        if (!stopRequested) {
            status.enter(new TrainingState.Training());
        }
        boolean over = true;
        try {
            while (!stopRequested) {
                if (plan.maxSteps().isPresent() && step >= plan.maxSteps().getAsLong()) {
                    why = "max-steps reached";
                    break;
                }
                long asked = System.nanoTime();
                StagedStep next = await(batches);
                Optional<StepReport> done =
                        next == null ? Optional.empty() : train(next, batches, System.nanoTime() - asked);
                if (done.isEmpty()) {
                    break;
                }
                StepReport report = done.get();
                status.stepped(report);
                if (step % plan.logEvery() == 0 || report.outcome().skipped().isPresent()) {
                    log(report, shareAtStart, Duration.ofNanos(System.nanoTime() - began));
                }
                requireFinite(report.outcome());
                interlude.betweenSteps(step);
                if (step % plan.checkpointEvery() == 0 || outbox.full()) {
                    save();
                }
                if (outbox.full()) {
                    checkpoints.await();
                    requireRoom();
                }
                if (step % plan.checkpointEvery() == 0
                        && evaluator.isPresent()
                        && evaluator.get().due(step)) {
                    evaluate(evaluator.get());
                }
            }
            over = !stopRequested;
        } catch (Prefetcher.EndOfRun e) {
            why = "every epoch is trained";
            Optional<Prefetcher.Tail> tail = batches.end();
            if (tail.isPresent()) {
                cursor = tail.get().cursor();
                outbox.add(step + 1, tail.get().letters());
                ledger.finish(tail.get().untrained());
            }
        } catch (IntakeFailedException e) {
            // What is trained is kept.
            save();
            checkpoints.await();
            throw e;
        } finally {
            if (ahead != null) {
                ahead.close();
            }
        }
        save();
        if (!checkpoints.publish(covered()) && over) {
            throw new IOException(
                    "the run is over (" + why + ") and its last checkpoint stands, but what that covers is"
                            + " not published, see the warning before: start the trainer again to do that");
        }
        if (evaluator.isPresent() && evaluatedStep != step && !stopRequested) {
            evaluate(evaluator.get());
        }
        return why;
    }

    /// The checkpoint comes first: what fails here, for want of memory perhaps, costs no step.
    private void evaluate(Evaluator heldOut) throws IOException, InterruptedException {
        long began = System.nanoTime();
        checkpoints.await();
        status.paused(Duration.ofNanos(System.nanoTime() - began));
        heldOut.evaluate(step, learner.model(), () -> !stopRequested);
        evaluatedStep = step;
    }

    private @Nullable StagedStep await(Prefetcher batches) throws InterruptedException, Prefetcher.EndOfRun {
        StagedStep staged = ahead;
        ahead = null;
        while (staged == null && !stopRequested) {
            StepBatch batch = batches.poll(PATIENCE_NANOS);
            if (batch == null) {
                interlude.whileWaiting(step, () -> batches.waiting() > 0);
            } else {
                staged = stage(batch);
            }
            status.beat();
        }
        status.beat();
        return staged;
    }

    private StagedStep stage(StepBatch batch) {
        return StagedStep.of(batch, learner, plan.microBatch(), plan.documentMask());
    }

    /// @return nothing where a stop was requested in the middle: the step is given up, and stands in the ledger
    ///     as the next one to make
    private Optional<StepReport> train(StagedStep staged, Prefetcher batches, long waited)
            throws IOException, InterruptedException {
        try (staged) {
            long began = System.nanoTime();
            checkpoints.requireSound();
            ledger.begin(staged.batch().composition());
            StepBatch following = batches.ready();
            ahead = following == null ? null : stage(following);
            int left = staged.microBatches().size();
            learner.begin(step + 1);
            for (Learner.MicroBatch microBatch : staged.microBatches()) {
                learner.accumulate(microBatch, staged.batch().targetCount());
                status.beat();
                left--;
                if (stopRequested && left > 0) {
                    learner.discard();
                    return Optional.empty();
                }
            }
            return Optional.of(finish(staged.batch(), began, waited));
        }
    }

    private StepReport finish(StepBatch batch, long began, long waited) throws IOException {
        long stepTargets = batch.targetCount();
        double learningRate = schedule.at(step);
        StepOutcome outcome = learner.step(learningRate, this::spike);
        step++;
        targets += stepTargets;
        outbox.add(step, batch.letters());
        cursor = batch.after();
        loss = outcome.loss();
        history = history.after(outcome, plan.spikes().map(SpikeRule::window).orElse(0));
        ledger.end(new StepResult(
                clock.instant(),
                outcome.loss(),
                outcome.gradientNorm(),
                learningRate,
                stepTargets,
                outcome.skipped().orElse(null)));
        return new StepReport(
                step,
                outcome,
                learningRate,
                stepTargets,
                System.nanoTime() - began,
                waited,
                batch.passedOver(),
                cursor);
    }

    private Optional<String> spike(double stepLoss, double gradientNorm) {
        return plan.spikes().flatMap(rule -> rule.objection(history, stepLoss, gradientNorm));
    }

    /// No checkpoint is made of this: those before it would give way to more and more of the same weights.
    ///
    /// @throws DivergedException where too many steps in a row were not finite
    private void requireFinite(StepOutcome outcome) {
        if (history.nonFinite() >= plan.maxNonFinite()) {
            throw new DivergedException(
                    step, history.nonFinite(), outcome.skipped().orElse(""));
        }
    }

    private void save() throws IOException, InterruptedException {
        Checkpointer.Covered covers = covered();
        if (covers.equals(saved)) {
            return;
        }
        ledger.force();
        CheckpointManifest manifest = CheckpointManifest.of(
                step,
                learner.steps(),
                targets,
                loss,
                history,
                cursor,
                plan.bounds().orElse(null),
                plan.fingerprint());
        checkpoints.save(learner, manifest, covers);
        saved = covers;
    }

    private Checkpointer.Covered covered() {
        return new Checkpointer.Covered(Math.max(step, outbox.lastStep()), cursor);
    }

    private void requireRoom() {
        if (outbox.full()) {
            throw new IntakeFailedException("dead letters cannot be published, and no more of them can be kept: see the"
                    + " warnings of the publisher, and that the topics of millrace.publish exist and can be written");
        }
    }

    private void log(StepReport report, double shareAtStart, Duration spent) {
        java.util.OptionalDouble share = ProgressLine.share(step, cursor, plan.maxSteps(), plan.bounds());
        String line = ProgressLine.of(report, status.totals(), plan.maxSteps(), share);
        log.accept(share.isPresent() ? line + ProgressLine.eta(shareAtStart, share.getAsDouble(), spent) : line);
    }
}
