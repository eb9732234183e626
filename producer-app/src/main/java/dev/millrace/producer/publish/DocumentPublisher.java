package dev.millrace.producer.publish;

import dev.millrace.producer.document.Document;
import io.micrometer.core.instrument.MeterRegistry;
import io.smallrye.reactive.messaging.kafka.KafkaClientService;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.PolicyViolationException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.eclipse.microprofile.config.Config;

/// Sends documents through the channel `documents`, by the channel's own producer: with the emitter, each record
/// would cost twice as much. One idempotent producer serves all requests. Thread-safe.
@Singleton
public final class DocumentPublisher {
    /// The outgoing channel.
    public static final String CHANNEL = "documents";

    /// So long a broker that could not be reached is not asked again: otherwise each line of a stream would wait
    /// for `max.block.ms`.
    private static final long PAUSE_NANOS = Duration.ofSeconds(1).toNanos();

    private final String topic;
    private final KafkaClientService clients;
    private final DeliveryReports reports;
    private volatile long unreachableSince;
    private volatile boolean unreachable;

    DocumentPublisher(KafkaClientService clients, MeterRegistry registry, Config settings) {
        this.clients = clients;
        this.reports = new DeliveryReports(registry);
        this.topic = settings.getValue("mp.messaging.outgoing." + CHANNEL + ".topic", String.class);
    }

    /// Sends a document. May wait, at most `max.block.ms`, for metadata or for room in the producer's buffer.
    ///
    /// @return completes, always normally, when the broker has answered or the time is up; in what order is open
    public CompletableFuture<Delivery> publish(Document document) {
        CompletableFuture<Delivery> answer = new CompletableFuture<>();
        int size = document.json().length;
        long began = System.nanoTime();
        reports.sending(size);
        if (unreachable && System.nanoTime() - unreachableSince < PAUSE_NANOS) {
            complete(answer, document, new Delivery.Failed("the broker was away a moment ago", true), began);
            return answer;
        }
        Thread caller = Thread.currentThread();
        try {
            Producer<String, byte[]> producer = producer();
            var _ = producer.send(RecordForm.of(topic, document), (metadata, error) -> {
                Delivery delivery = error == null
                        ? new Delivery.Delivered(
                                metadata.topic(), metadata.partition(), metadata.offset(), metadata.timestamp())
                        : Thread.currentThread() == caller ? refused(error) : fate(error);
                complete(answer, document, delivery, began);
            });
        } catch (RuntimeException e) {
            complete(answer, document, refused(e), began);
        }
        return answer;
    }

    /// Value bytes that await the broker's answer, over all callers.
    public long inFlightBytes() {
        return reports.inFlightBytes();
    }

    public String topic() {
        return topic;
    }

    private Producer<String, byte[]> producer() {
        io.smallrye.reactive.messaging.kafka.KafkaProducer<String, byte[]> channel = clients.getProducer(CHANNEL);
        if (channel == null) {
            throw new IllegalStateException("the channel " + CHANNEL + " has not started yet");
        }
        return channel.unwrap();
    }

    private void complete(CompletableFuture<Delivery> answer, Document document, Delivery delivery, long began) {
        if (delivery instanceof Delivery.Delivered) {
            unreachable = false;
        }
        reports.report(document.key(), delivery, document.json().length, System.nanoTime() - began);
        answer.complete(delivery);
    }

    /// What fails on the thread of the caller was never handed to the network.
    private Delivery.Failed refused(Exception error) {
        boolean away = error instanceof TimeoutException || error instanceof IllegalStateException;
        if (away) {
            unreachableSince = System.nanoTime();
            unreachable = true;
        }
        return new Delivery.Failed(describe(error), away);
    }

    /// After the record was handed over: these answers of the broker are a no for good; anything else is open, a
    /// broken sequence too, for an earlier attempt may have been written.
    private static Delivery fate(Exception error) {
        boolean answered = error instanceof RecordTooLargeException
                || error instanceof InvalidTopicException
                || error instanceof AuthorizationException
                || error instanceof PolicyViolationException
                || error instanceof InvalidRecordException;
        return answered ? new Delivery.Failed(describe(error), false) : new Delivery.Unknown(describe(error));
    }

    private static String describe(Exception error) {
        return error.getClass().getSimpleName() + ": " + error.getMessage();
    }
}
