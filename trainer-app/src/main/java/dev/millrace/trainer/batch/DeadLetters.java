package dev.millrace.trainer.batch;

import org.apache.kafka.clients.consumer.ConsumerRecord;

/// Where bad records go. Called by the preparing thread; may wait while too many letters are under way.
@FunctionalInterface
public interface DeadLetters {
    void send(ConsumerRecord<byte[], byte[]> record, String reason) throws InterruptedException;
}
