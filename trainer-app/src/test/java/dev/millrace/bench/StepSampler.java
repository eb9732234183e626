package dev.millrace.bench;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/// Looks at a thread's stack every few milliseconds while it trains: which part of the step it is in, and whether it
/// is inside a native call. The step itself needs no clocks for that, and DJL's own Java between the caller and
/// libtorch counts as what it is, time outside libtorch.
///
/// A share p of n samples is known to about `sqrt(p (1 - p) / n)`. One thread starts and stops it, outside of steps.
final class StepSampler implements StepSplit, AutoCloseable {
    private static final long PERIOD_NANOS = 5_000_000;

    private final Thread watched;
    private final Thread sampler;
    private final Map<Phase, Long> seen = new EnumMap<>(Phase.class);
    private long outsideNative;
    private boolean running;
    private boolean closed;

    StepSampler(Thread watched) {
        this.watched = watched;
        sampler = Thread.ofPlatform().daemon().name("step-sampler").start(this::sample);
    }

    private void sample() {
        while (true) {
            LockSupport.parkNanos(PERIOD_NANOS);
            synchronized (this) {
                if (closed) {
                    return;
                }
                if (running) {
                    StackTraceElement[] stack = watched.getStackTrace();
                    if (stack.length > 0) {
                        seen.merge(Phase.of(stack), 1L, Long::sum);
                        outsideNative += stack[0].isNativeMethod() ? 0 : 1;
                    }
                }
            }
        }
    }

    synchronized void run(boolean on) {
        running = on;
    }

    @Override
    public synchronized double share(Phase phase) {
        return seen.getOrDefault(phase, 0L) / (double) Math.max(1, samples());
    }

    @Override
    public synchronized double shareOutsideNative() {
        return outsideNative / (double) Math.max(1, samples());
    }

    @Override
    public synchronized long samples() {
        return seen.values().stream().mapToLong(Long::longValue).sum();
    }

    @Override
    public void close() {
        synchronized (this) {
            closed = true;
        }
        try {
            sampler.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
