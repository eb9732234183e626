package dev.millrace.trainer.intake;

import java.util.Collection;

/// The records of each partition, in offset order, as the preparing thread sees them.
public interface RecordSource {
    /// The next record of a partition; waits until there is one, or until it is known that there is none.
    ///
    /// @throws IntakeFailedException when the consumer is broken for good
    Taken take(int partition) throws InterruptedException;

    /// Waits until at least one of these partitions no longer stands at its log end.
    void awaitAny(Collection<Integer> partitions) throws InterruptedException;

    /// Goes back to `offset`, for another pass over a partition that is exhausted.
    void rewind(int partition, long offset);
}
