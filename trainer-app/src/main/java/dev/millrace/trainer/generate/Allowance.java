package dev.millrace.trainer.generate;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/// How long training may stand still for texts: a share of its own time, which is saved up to a limit and spent.
///
/// A text may take longer than expected, and so put it below zero; then there is none until training has made up for
/// it. Over any stretch, texts thus take no more than `share` of the time of training there, what was saved before,
/// and the last text. One thread changes it, any may read.
final class Allowance {
    private final double share;
    private final long most;
    private final AtomicLong nanos = new AtomicLong();

    /// @param share of the time of training
    /// @param most that is saved
    Allowance(double share, Duration most) {
        this.share = share;
        this.most = most.toNanos();
    }

    /// Training went on for so long.
    void earn(long trainingNanos) {
        nanos.set(Math.min(most, nanos.get() + (long) (share * trainingNanos)));
    }

    /// Training stood still for so long.
    void spend(long pauseNanos) {
        nanos.addAndGet(-pauseNanos);
    }

    /// Whether a pause of so long may be made now. One that is longer than what can be saved is made when all of it
    /// is.
    boolean covers(long pauseNanos) {
        return nanos.get() > 0 && nanos.get() >= Math.min(pauseNanos, most);
    }

    /// Time that training will need until it covers a pause of so long.
    long nanosUntil(long pauseNanos) {
        return (long) (Math.max(0, Math.min(pauseNanos, most) - nanos.get()) / share);
    }
}
