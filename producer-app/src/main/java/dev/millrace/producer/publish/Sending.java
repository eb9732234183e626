package dev.millrace.producer.publish;

import dev.millrace.producer.document.Document;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.TimeoutException;
import org.jspecify.annotations.Nullable;

/// A document on its way to the broker: counted as such from its making to the first that is told of its fate.
///
/// What follows counts for nothing. Kafka's producer may throw, and call back besides: for a record that it had taken
/// in before it saw that it can send no more. To count that twice would make room that is not there.
///
/// Thread-safe.
final class Sending implements Callback {
    private final Document document;
    private final DeliveryReports reports;
    private final Runnable delivered;
    private final Thread caller = Thread.currentThread();
    private final long began = System.nanoTime();
    private final CompletableFuture<Answer> answer = new CompletableFuture<>();
    private final AtomicBoolean told = new AtomicBoolean();

    /// @param delivered run where it is on the log, before anybody is told
    Sending(Document document, DeliveryReports reports, Runnable delivered) {
        this.document = document;
        this.reports = reports;
        this.delivered = delivered;
        reports.sending(document.value().length);
    }

    /// Completes with what the document came to; always normally.
    CompletableFuture<Answer> answer() {
        return answer;
    }

    @Override
    public void onCompletion(RecordMetadata metadata, @Nullable Exception error) {
        if (error == null) {
            delivered.run();
            end(new Delivery.Delivered(
                    metadata.topic(), metadata.partition(), metadata.offset(), metadata.timestamp()));
        } else if (Thread.currentThread() == caller) {
            refused(error);
        } else {
            end(fate(error));
        }
    }

    /// The cluster cannot be written to: nothing was sent.
    void unavailable(String reason) {
        end(new Delivery.Failed(reason, true));
    }

    /// It failed on the thread of the caller: it was never handed to the network. But for one case: a producer
    /// that lacks the right to its id recovers by itself, and may yet send what it had taken in before it
    /// threw.
    void refused(Exception error) {
        boolean ended = ProducerEnds.isThrownInErrorState(error);
        if (ended && error.getCause() instanceof AuthorizationException) {
            lost(error);
        } else {
            boolean passes = error instanceof TimeoutException || error instanceof AuthenticationException;
            end(new Delivery.Failed(describe(error), ended || passes));
        }
    }

    /// It broke off, nobody knows where.
    void lost(Throwable error) {
        end(new Delivery.Unknown(describe(error)));
    }

    private void end(Delivery delivery) {
        if (told.compareAndSet(false, true)) {
            reports.report(document.key(), delivery, document.value().length, System.nanoTime() - began);
            answer.complete(delivery);
        }
    }

    /// After the record was handed over: these answers of the broker are a no for good; anything else is open, a
    /// broken sequence too, for an earlier attempt may have been written.
    private static Delivery fate(Exception error) {
        return Refusals.areForGood(error)
                ? new Delivery.Failed(describe(error), false)
                : new Delivery.Unknown(describe(error));
    }

    static String describe(Throwable error) {
        Throwable cause = error.getCause();
        String text = error.getClass().getSimpleName() + ": " + error.getMessage();
        return cause == null ? text : text + " (" + describe(cause) + ")";
    }
}
