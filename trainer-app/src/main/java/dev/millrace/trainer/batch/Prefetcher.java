package dev.millrace.trainer.batch;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Prepares steps on a thread of its own, a bounded number ahead of the training thread.
///
/// What is prepared here is never state: a step counts from when it is trained. An error of the preparing thread
/// reaches the taker at the place in the sequence where it happened.
public final class Prefetcher implements AutoCloseable {
    private final BlockingQueue<Prepared> prepared;
    private final Thread thread;
    private final BatchAssembler assembler;
    private volatile @Nullable Tail end;

    private sealed interface Prepared {
        record Step(StepBatch batch) implements Prepared {}

        record End(Tail tail) implements Prepared {}

        record Failed(Throwable cause) implements Prepared {}
    }

    /// Starts to prepare at once.
    ///
    /// @param depth steps that may wait
    public Prefetcher(BatchAssembler assembler, int depth) {
        this.assembler = assembler;
        this.prepared = new ArrayBlockingQueue<>(depth);
        this.thread = Thread.ofPlatform().name("millrace-prepare").daemon().start(this::prepare);
    }

    /// The next step, waiting at most so long.
    ///
    /// @return the step, or null when the time is up
    /// @throws EndOfRun when the run is over
    public @Nullable StepBatch poll(long nanos) throws InterruptedException, EndOfRun {
        Prepared next = prepared.poll(nanos, TimeUnit.NANOSECONDS);
        if (next == null) {
            return null;
        }
        return switch (next) {
            case Prepared.Step step -> step.batch();
            case Prepared.End over -> {
                end = over.tail();
                throw new EndOfRun();
            }
            case Prepared.Failed failed -> throw failure(failed.cause());
        };
    }

    /// The next step where it is there already. The end of the run, and what failed, are left for [#poll].
    public @Nullable StepBatch ready() {
        if (prepared.peek() instanceof Prepared.Step step) {
            prepared.remove();
            return step.batch();
        }
        return null;
    }

    /// Nothing is left to train on.
    public static final class EndOfRun extends Exception {
        private static final long serialVersionUID = 1L;

        EndOfRun() {
            super("nothing is left to train on", null, false, false);
        }
    }

    /// How far the log was used when the run was over: past the last step there may be records that gave it
    /// nothing.
    public Optional<Tail> end() {
        return Optional.ofNullable(end);
    }

    /// What lay past the last step.
    ///
    /// @param letters bad records among it
    /// @param untrained all of it, and why
    public record Tail(Cursor cursor, List<DeadLetter> letters, List<Untrained> untrained) {}

    /// Steps that wait.
    public int waiting() {
        return prepared.size();
    }

    @Override
    public void close() {
        thread.interrupt();
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void prepare() {
        try {
            Optional<StepBatch> step = assembler.next();
            while (step.isPresent()) {
                prepared.put(new Prepared.Step(step.get()));
                step = assembler.next();
            }
            prepared.put(
                    new Prepared.End(new Tail(assembler.cursor(), assembler.takeLetters(), assembler.takeUntrained())));
        } catch (InterruptedException e) {
            // Closed: nobody takes any more.
            Thread.currentThread().interrupt();
        } catch (RuntimeException | Error e) {
            try {
                prepared.put(new Prepared.Failed(e));
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static RuntimeException failure(Throwable cause) {
        if (cause instanceof Error error) {
            throw error;
        }
        // The stack of the preparing thread is the one that tells where.
        return (RuntimeException) cause;
    }
}
