package dev.millrace.trainer.intake;

import io.smallrye.reactive.messaging.MutinyEmitter;
import io.smallrye.reactive.messaging.kafka.api.OutgoingKafkaRecordMetadata;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.eclipse.microprofile.reactive.messaging.Channel;
import org.eclipse.microprofile.reactive.messaging.Message;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// Bad records, on a topic of their own: key, value and headers as they were, the reason and the place in headers.
///
/// At most [#UNDER_WAY] letters wait for the broker; then the sender waits. A letter that the broker refuses stops
/// the training, for a record would be lost. Thread-safe.
@Singleton
public final class DeadLetterTopic {
    static final int UNDER_WAY = 256;
    static final String REASON = "dead-letter-reason";
    static final String TOPIC = "dead-letter-topic";
    static final String PARTITION = "dead-letter-partition";
    static final String OFFSET = "dead-letter-offset";
    private static final Logger LOG = Logger.getLogger(DeadLetterTopic.class);

    private final MutinyEmitter<byte[]> emitter;
    private final Semaphore room = new Semaphore(UNDER_WAY);
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

    DeadLetterTopic(@Channel("dead-letters") MutinyEmitter<byte[]> emitter) {
        this.emitter = emitter;
    }

    /// Sends a letter; returns before the broker has it.
    ///
    /// @throws IntakeFailedException where an earlier one was refused
    public void send(ConsumerRecord<byte[], byte[]> record, String reason) throws InterruptedException {
        requireNoFailure();
        room.acquire();
        LOG.warnf("%s is no document: %s", DocumentIntake.place(record), reason);
        Headers headers = new RecordHeaders(record.headers().toArray());
        add(headers, REASON, reason);
        add(headers, TOPIC, record.topic());
        add(headers, PARTITION, Integer.toString(record.partition()));
        add(headers, OFFSET, Long.toString(record.offset()));
        OutgoingKafkaRecordMetadata<byte[]> metadata = OutgoingKafkaRecordMetadata.<byte[]>builder()
                .withKey(record.key())
                .withHeaders(headers)
                .build();
        emitter.sendMessage(Message.of(record.value()).addMetadata(metadata))
                .subscribe()
                .with(_ -> room.release(), refused -> {
                    LOG.errorf(refused, "the dead letter of %s was refused", DocumentIntake.place(record));
                    failure.compareAndSet(null, refused);
                    room.release();
                });
    }

    /// Waits until the broker has every letter sent so far.
    ///
    /// @throws IntakeFailedException where one was refused
    public void settle() throws InterruptedException {
        room.acquire(UNDER_WAY);
        room.release(UNDER_WAY);
        requireNoFailure();
    }

    private void requireNoFailure() {
        Throwable refused = failure.get();
        if (refused != null) {
            throw new IntakeFailedException(
                    "a dead letter was refused, and its record would be lost: " + refused.getMessage()
                            + "; see that the topic of channel dead-letters exists and can be written",
                    refused);
        }
    }

    private static void add(Headers headers, String name, String value) {
        headers.remove(name).add(name, value.getBytes(StandardCharsets.UTF_8));
    }
}
