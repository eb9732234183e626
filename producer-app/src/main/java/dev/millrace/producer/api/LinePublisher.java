package dev.millrace.producer.api;

import dev.millrace.producer.document.Admission;
import dev.millrace.producer.document.Document;
import dev.millrace.producer.document.EncodingDamage;
import dev.millrace.producer.document.LineSplitter;
import dev.millrace.producer.publish.Answer;
import dev.millrace.producer.publish.Delivery;
import dev.millrace.producer.publish.LogLimit;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// Admits and sends the documents of a stream's body, a piece at a time.
///
/// Not thread-safe, but may move from one thread to another: on a worker while it sends, on the event loop of the
/// request in between.
final class LinePublisher {
    private static final Logger LOG = Logger.getLogger(LinePublisher.class);
    /// What one document meets, the next million may meet too: some of them have a line, with where it happened.
    private static final LogLimit FAULTS =
            new LogLimit(10, Duration.ofSeconds(10).toNanos(), System::nanoTime);

    private final Reception reception;
    private final Visit visit;
    private final BodyLines lines;
    private final Runnable completed;
    private long documents;
    /// Whether a document was sent, or met a broker at least.
    private boolean decided;

    /// @param completed run by the thread that brings the last report of a piece, where that comes later
    LinePublisher(Reception reception, Visit visit, BodyLines lines, Runnable completed) {
        this.reception = reception;
        this.visit = visit;
        this.lines = lines;
        this.completed = completed;
    }

    /// How many documents came up to here.
    long documents() {
        return documents;
    }

    /// Sends the next piece, on a worker thread: `send` of the Kafka producer may wait.
    ///
    /// @param answering whether the answer has begun, so that the request cannot be refused any more
    Sent next(boolean answering) {
        BodyLines.Some some = lines.next();
        // The break is reported like a document, where there was one before it.
        boolean reportsBreak =
                some.broken().isPresent() && documents + some.lines().size() > 0;
        Burst burst = new Burst(some.lines().size() + (reportsBreak ? 1 : 0), completed);
        int place = 0;
        for (LineSplitter.Line line : some.lines()) {
            send(line, documents++, burst, place);
            Optional<String> away = decided || answering ? Optional.empty() : away(burst.brought(place));
            place++;
            if (away.isPresent()) {
                burst.cut(place);
                return new Sent(burst, false, Optional.empty(), away);
            }
        }
        some.broken().ifPresent(reception.rejections()::count);
        if (reportsBreak) {
            burst.report(
                    place,
                    Report.Unsent.rejected(
                            documents++, some.broken().orElseThrow().describe()));
        }
        return new Sent(burst, some.last(), some.broken(), Optional.empty());
    }

    /// What is rejected tells nothing of the broker: the first other one does.
    ///
    /// @param report none where the broker has it to answer
    /// @return why the cluster cannot be written to
    private Optional<String> away(@Nullable Report report) {
        decided = report == null || report.status() != Report.Status.REJECTED;
        return report instanceof Report.Answered first
                        && first.answer() instanceof Delivery.Failed failed
                        && failed.unavailable()
                ? Optional.of(failed.reason())
                : Optional.empty();
    }

    private void send(LineSplitter.Line line, long index, Burst burst, int place) {
        Admission admission;
        try {
            admission = switch (line) {
                case LineSplitter.Whole whole -> reception.reader().read(whole.bytes());
                case LineSplitter.Overlong _ -> reception.reader().tooLarge();
            };
        } catch (RuntimeException | Error e) {
            burst.report(place, Report.Unsent.failed(index, unforeseen(e)));
            return;
        }
        switch (admission) {
            case Admission.Rejected no -> {
                reception.rejections().count(no);
                burst.report(place, Report.Unsent.rejected(index, no.describe()));
            }
            case Admission.Accepted yes -> {
                String key = yes.document().key();
                Optional<EncodingDamage> suspect = yes.document().damage();
                var _ = publish(yes.document(), index)
                        .whenComplete((answer, error) ->
                                burst.report(place, new Report.Answered(index, key, suspect, known(answer, error))));
            }
        }
    }

    private CompletableFuture<Answer> publish(Document document, long index) {
        try {
            return reception.publisher().publish(document, visit.origin(reception.topic(), index));
        } catch (RuntimeException | Error e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /// A document whose sending failed in a way that nobody foresaw has its report too, in its place: neither are those
    /// beside it to be lost, nor is anybody to wait for it.
    private static Answer known(@Nullable Answer answer, @Nullable Throwable error) {
        return answer != null ? answer : new Delivery.Unknown(unforeseen(error));
    }

    private static String unforeseen(@Nullable Throwable error) {
        long keptBack = FAULTS.ask();
        if (keptBack >= 0) {
            LOG.errorf(
                    error, "a document of a stream met a fault of this producer's (%d before it not logged)", keptBack);
        }
        return "a fault of this producer's, see its log: " + error;
    }
}
