package dev.millrace.trainer.intake;

/// What the exchange asks of the consumer. Every call returns at once and takes effect on the poll thread, in
/// order.
interface FlowControl {
    /// Fetch no more of one partition; the others go on.
    void pause(int partition);

    /// Fetch that partition again.
    void resume(int partition);

    /// Go on at `offset`.
    void seek(int partition, long offset);
}
