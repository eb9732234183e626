package dev.millrace.trainer.learn;

import dev.millrace.trainer.model.TokenGrid;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/// A replica beside the first, with a thread of its own, so that devices compute at the same time.
///
/// Its methods are the training thread's. One micro-batch is under way at most: the next one waits for it. Between
/// [#await] and the next micro-batch the replica may be used by the training thread.
final class Worker implements AutoCloseable {
    private final Replica replica;
    private final ExecutorService thread;
    private CompletableFuture<Void> underWay = CompletableFuture.completedFuture(null);

    Worker(Replica replica, int number) {
        this.replica = replica;
        thread = Executors.newSingleThreadExecutor(
                Thread.ofPlatform().name("millrace-replica-" + number).factory());
    }

    /// Begins a micro-batch, see [Replica#accumulate].
    void accumulate(TokenGrid inputs, TokenGrid targets, long stepTargets, double predictionWeight) {
        await();
        underWay = CompletableFuture.runAsync(
                () -> replica.accumulate(inputs, targets, stepTargets, predictionWeight), thread);
    }

    /// Returns the replica when nothing of it is under way any more. What failed there is thrown here.
    Replica await() {
        try {
            underWay.join();
            return replica;
        } catch (CompletionException e) {
            // The stack of the other thread is the one that tells where.
            switch (e.getCause()) {
                case RuntimeException cause -> throw cause;
                case Error cause -> throw cause;
                case null, default -> throw e;
            }
        }
    }

    /// Waits until nothing is under way. What failed is left for [#await].
    void quiesce() {
        underWay.handle((_, _) -> null).join();
    }

    @Override
    public void close() {
        thread.close();
        replica.close();
    }
}
