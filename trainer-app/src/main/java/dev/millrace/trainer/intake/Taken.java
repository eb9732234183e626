package dev.millrace.trainer.intake;

import org.apache.kafka.clients.consumer.ConsumerRecord;

/// What the preparing thread gets when it asks a partition for its next record.
public sealed interface Taken {
    /// The next record in offset order.
    record Next(ConsumerRecord<byte[], byte[]> record) implements Taken {}

    /// Nothing is there now, and at that moment the log ended here; more may come.
    record AtLogEnd() implements Taken {}

    /// Nothing is left: the end that the run was given is reached.
    record Exhausted() implements Taken {}
}
