package dev.millrace.proof;

import dev.millrace.testing.AppProcess;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/// Waits, from outside, until a trainer has come to a moment.
///
/// @param began the checkpoint that it started from
/// @param stride steps between two checkpoints
/// @param checkpointBytes of a whole checkpoint
record KillWatch(AppProcess trainer, CheckpointFiles checkpoints, long began, int stride, long checkpointBytes) {
    private static final Duration LOOK = Duration.ofMillis(1);

    void await(KillMoment moment) throws IOException, InterruptedException {
        long start = System.nanoTime();
        while (!reached(moment, Duration.ofNanos(System.nanoTime() - start))) {
            if (!trainer.isAlive()) {
                throw new IllegalStateException(
                        "the trainer ended before it could be killed (" + moment + "):\n" + trainer.log());
            }
            if (System.nanoTime() - start > ProofRun.LIMIT.toNanos()) {
                throw new IllegalStateException("the trainer did not come to its end (" + moment + ") within "
                        + ProofRun.LIMIT + ":\n" + trainer.log());
            }
            Thread.sleep(LOOK);
        }
    }

    private boolean reached(KillMoment moment, Duration running) throws IOException {
        return switch (moment) {
            case KillMoment.AfterMillis after -> running.toMillis() >= after.millis();
            case KillMoment.AfterSteps after -> ProofRun.lastStep(trainer) >= began + after.steps();
            case KillMoment.CheckpointBegun begun -> bytesOf(begun.nth()) >= 0;
            case KillMoment.CheckpointGrown grown ->
                bytesOf(grown.nth()) >= Math.round(grown.share() * checkpointBytes);
            case KillMoment.CheckpointStands stands -> checkpoints.newestStep() >= step(stands.nth());
        };
    }

    /// What there is of the process's nth checkpoint: -1 where it is not begun, all where it stands already.
    private long bytesOf(int nth) throws IOException {
        Optional<CheckpointFiles.Unfinished> unfinished = checkpoints.unfinished();
        // Until it has done a step, what lies there is what the process before it left.
        if (unfinished.isPresent() && unfinished.get().step() >= step(nth) && ProofRun.lastStep(trainer) > 0) {
            return unfinished.get().bytes();
        }
        return checkpoints.newestStep() >= step(nth) ? Long.MAX_VALUE : -1;
    }

    private long step(int nth) {
        return (began / stride + nth) * stride;
    }
}
