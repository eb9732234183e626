package dev.millrace.producer.publish;

/// What became of a record. Never guessed.
public sealed interface Delivery extends Answer {
    /// It is on the log, on every in-sync replica.
    record Delivered(String topic, int partition, long offset, long timestamp) implements Delivery {}

    /// It is certainly not on the log.
    ///
    /// @param unavailable whether the broker is away: trying again later is worth it
    record Failed(String reason, boolean unavailable) implements Delivery {}

    /// It was sent, and no answer came in time: it may be on the log.
    record Unknown(String reason) implements Delivery {}
}
