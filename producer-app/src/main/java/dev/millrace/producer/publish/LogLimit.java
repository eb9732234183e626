package dev.millrace.producer.publish;

import java.util.function.LongSupplier;

/// Lets so many lines through in each interval, and says with the first one of a later interval how many it kept
/// back: when a broker goes away, each of a hundred thousand documents fails for the same reason. Thread-safe.
public final class LogLimit {
    private final int lines;
    private final long interval;
    private final LongSupplier clock;
    private long began;
    private int said;
    private long unsaid;

    /// @param lines in an interval
    /// @param interval in units of the clock
    /// @param clock as [System#nanoTime]
    public LogLimit(int lines, long interval, LongSupplier clock) {
        this.lines = lines;
        this.interval = interval;
        this.clock = clock;
        this.began = clock.getAsLong();
    }

    /// Asks for a line.
    ///
    /// @return lines kept back since the last one that was let through; -1 where this one is kept back too
    public synchronized long ask() {
        long now = clock.getAsLong();
        if (now - began >= interval) {
            began = now;
            said = 0;
        }
        if (said == lines) {
            unsaid++;
            return -1;
        }
        said++;
        long keptBack = unsaid;
        unsaid = 0;
        return keptBack;
    }
}
