package dev.millrace.trainer.train;

import dev.millrace.trainer.batch.Cursor;
import dev.millrace.trainer.checkpoint.Checkpoint;
import dev.millrace.trainer.checkpoint.CheckpointManifest;
import dev.millrace.trainer.checkpoint.CheckpointStore;
import dev.millrace.trainer.checkpoint.CheckpointWrite;
import dev.millrace.trainer.learn.Learner;
import dev.millrace.trainer.learn.Saveable;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Makes what was trained durable, and then public, on a thread of its own: the training thread stands still
/// only while the learner's state is copied, and where the checkpoint before is not done yet. At most one is
/// under way.
///
/// The methods are the training thread's. What fails on the writing thread is thrown by the next of them.
final class Checkpointer implements AutoCloseable {
    private final CheckpointStore store;
    private final Companions companions;
    private final boolean asynchronous;
    private final TrainingStatus status;
    private final Consumer<String> log;
    private final ExecutorService writer = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().name("millrace-checkpoint").factory());
    private @Nullable Future<?> underWay;

    /// What goes with a checkpoint beside the learner's own files. Called by the writing thread.
    interface Companions {
        /// Adds files: the tokenizer, for other tools, the dead letters that wait, and the ids that were seen.
        void addFiles(Path directory, Covered covered) throws IOException;

        /// A checkpoint is durable: publishes what it covers.
        ///
        /// @return whether that is published now; otherwise it waits for the next checkpoint
        boolean publish(Covered covered) throws IOException, InterruptedException;
    }

    /// What lies before a checkpoint.
    ///
    /// @param step up to which results and dead letters are covered; one more than the steps that were done
    ///     where bad records lay past the last of a run
    record Covered(long step, Cursor cursor) {}

    /// @param asynchronous whether the state is copied and training goes on while it is written
    Checkpointer(
            CheckpointStore store,
            Companions companions,
            boolean asynchronous,
            TrainingStatus status,
            Consumer<String> log) {
        this.store = store;
        this.companions = companions;
        this.asynchronous = asynchronous;
        this.status = status;
        this.log = log;
    }

    /// To be called before each step.
    ///
    /// @throws IOException where the run was taken over by another process, or a checkpoint could not be
    ///     written
    void requireSound() throws IOException, InterruptedException {
        store.requireOwned();
        Future<?> before = underWay;
        if (before != null && before.isDone()) {
            await();
        }
    }

    /// Begins the checkpoint of what the learner is now; once it is durable, what it covers is published. Where
    /// it is not asynchronous, it is durable when this returns.
    void save(Learner learner, CheckpointManifest manifest, Covered covered) throws IOException, InterruptedException {
        long began = System.nanoTime();
        await();
        if (asynchronous) {
            Learner.Snapshot snapshot = learner.snapshot();
            Duration paused = since(began);
            submit(() -> {
                try (snapshot) {
                    write(snapshot, manifest, covered, paused);
                }
            });
        } else {
            submit(() -> write(learner, manifest, covered, Duration.ZERO));
            await();
        }
        status.paused(since(began));
    }

    /// Publishes what is covered, and returns when that is done.
    ///
    /// @return whether it is published now
    boolean publish(Covered covered) throws IOException, InterruptedException {
        await();
        AtomicBoolean published = new AtomicBoolean();
        submit(() -> published.set(publishOwn(covered)));
        await();
        return published.get();
    }

    private boolean publishOwn(Covered covered) throws IOException, InterruptedException {
        store.requireOwned();
        return companions.publish(covered);
    }

    /// Waits for the checkpoint under way, where there is one.
    void await() throws IOException, InterruptedException {
        Future<?> before = underWay;
        if (before == null) {
            return;
        }
        underWay = null;
        try {
            before.get();
        } catch (ExecutionException e) {
            throw failure(e);
        }
    }

    private interface Work {
        void run() throws IOException, InterruptedException;
    }

    private void submit(Work work) {
        underWay = writer.submit(() -> {
            work.run();
            return null;
        });
    }

    private void write(Saveable state, CheckpointManifest manifest, Covered covered, Duration paused)
            throws IOException, InterruptedException {
        long began = System.nanoTime();
        Checkpoint checkpoint = written(state, manifest, covered);
        var _ = publishOwn(covered);
        store.prune();
        Duration took = since(began);
        status.checkpointed(manifest.step(), checkpoint.directory(), took);
        log.accept("checkpoint " + checkpoint.directory() + " in " + took.toMillis() + " ms"
                + (asynchronous ? ", training stood still for " + paused.toMillis() + " ms" : ""));
    }

    private Checkpoint written(Saveable state, CheckpointManifest manifest, Covered covered) throws IOException {
        try (CheckpointWrite write = store.start(manifest.step())) {
            state.save(write.directory());
            companions.addFiles(write.directory(), covered);
            return write.commit(manifest);
        } catch (IOException e) {
            // The next owner takes away what this one writes to.
            store.requireOwned();
            throw new IOException(
                    "the checkpoint of step " + manifest.step() + " cannot be written: " + e.getMessage()
                            + "; make room, or withdraw the limit, and start again: the checkpoint before it is used",
                    e);
        }
    }

    private static Duration since(long began) {
        return Duration.ofNanos(System.nanoTime() - began);
    }

    private static IOException failure(ExecutionException e) throws InterruptedException {
        // The stack of the writing thread is the one that tells where.
        return switch (e.getCause()) {
            case IOException cause -> cause;
            case InterruptedException cause -> throw cause;
            case RuntimeException cause -> throw cause;
            case Error cause -> throw cause;
            case null, default -> throw new IllegalStateException(e);
        };
    }

    /// Returns when nothing is written any more; what failed meanwhile is in the log.
    @Override
    public void close() {
        Future<?> last = underWay;
        writer.close();
        if (last != null && last.state() == Future.State.FAILED) {
            log.accept("the checkpoint under way failed: " + last.exceptionNow());
        }
    }
}
