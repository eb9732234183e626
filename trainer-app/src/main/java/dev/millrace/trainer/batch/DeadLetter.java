package dev.millrace.trainer.batch;

import org.apache.kafka.clients.consumer.ConsumerRecord;

/// A record that is no document, and why.
public record DeadLetter(ConsumerRecord<byte[], byte[]> record, String reason) {}
