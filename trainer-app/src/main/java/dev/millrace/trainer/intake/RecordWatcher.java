package dev.millrace.trainer.intake;

import org.apache.kafka.clients.consumer.ConsumerRecord;

/// Sees each record as it is fetched, on the poll thread: it must neither wait nor throw.
@FunctionalInterface
public interface RecordWatcher {
    void fetched(ConsumerRecord<byte[], byte[]> record);
}
