package dev.millrace.producer.api;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.millrace.producer.document.Admission;
import dev.millrace.producer.document.EncodingDamage;
import dev.millrace.producer.document.LineSplitter;
import dev.millrace.producer.publish.Answer;
import dev.millrace.producer.publish.Delivery;
import dev.millrace.producer.unpack.Unpacking;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// One NDJSON request: documents in, reports out in order, both at once, and neither ever held whole.
///
/// The body is read a buffer at a time: it is unpacked, split, admitted and sent on a worker thread, a piece at a time,
/// and the next piece is asked for only when the window has room and the client reads its reports. Nothing is
/// answered before the first document's fate is known: up to then the request can still be refused with 503.
///
/// Everything but [#send] runs on the request's event loop.
final class DocumentStream {
    private static final Logger LOG = Logger.getLogger(DocumentStream.class);
    private static final int WRITE_BYTES = 32 << 10;

    private final HttpServerRequest request;
    private final HttpServerResponse response;
    private final Context context;
    private final Reception reception;
    private final ReportLevel level;
    private final Visit visit;
    private final BodyLines lines;
    private final BodyDeadline deadline;
    private final Deque<Burst> awaited = new ArrayDeque<>();
    private long nextIndex;
    private int awaitedLines;
    private boolean sending;
    private boolean bodyEnded;
    private boolean answering;
    private boolean over;
    private boolean waiting;
    private boolean stopped;
    private Optional<String> broken = Optional.empty();
    private long held;
    private long writeTimer = -1;

    DocumentStream(
            HttpServerRequest request,
            Context context,
            Reception reception,
            Visit visit,
            Unpacking unpacking,
            ReportLevel level) {
        this.request = request;
        this.response = request.response();
        this.context = context;
        this.reception = reception;
        this.level = level;
        this.visit = visit;
        this.lines = new BodyLines(unpacking, reception.reader().maxBytes());
        this.deadline = new BodyDeadline(context.owner(), reception.config().bodyTimeout(), this::late);
    }

    void start() {
        response.exceptionHandler(gone -> abandon());
        // Not at once: it may be told in the middle of a write.
        response.drainHandler(_ -> context.runOnContext(_ -> {
            stopWriteTimer();
            drain();
            readOn();
        }));
        request.exceptionHandler(gone -> abandon());
        request.handler(buffer -> {
            request.pause();
            lines.feed(buffer.getBytes());
            sendNext();
        });
        request.endHandler(_ -> {
            if (!bodyEnded) {
                lines.end();
                sendNext();
            }
        });
        reception.streams().add(this);
        readOn();
    }

    /// Reads no further: what was taken is reported, and the answer says where to go on. From any thread.
    void stop() {
        context.runOnContext(_ -> {
            if (over || bodyEnded) {
                return;
            }
            stopped = true;
            bodyEnded = true;
            deadline.stop();
            if (!request.isEnded()) {
                request.pause();
            }
            drain();
        });
    }

    /// Reads no further for a line that does not come to an end; what came before it is reported.
    private void late() {
        if (over || bodyEnded) {
            return;
        }
        if (sending) {
            // It moves after all.
            deadline.begin();
            return;
        }
        Problem problem = Problem.late(reception.config().bodyTimeout());
        if (nextIndex == 0) {
            fail(problem);
            return;
        }
        broken = Optional.of(problem.detail());
        bodyEnded = true;
        request.pause();
        drain();
    }

    private void sendNext() {
        sending = true;
        context.executeBlocking(this::send, false).onComplete(done -> {
            sending = false;
            if (over) {
                lines.close();
                return;
            }
            hold(lines.partial());
            deadline.at(lines.ended(), lines.partial());
            if (done.failed()) {
                LOG.errorf(done.cause(), "a stream of documents broke off after %d", nextIndex);
                fail(Problem.of(500, "The stream broke off", "see the log of the producer"));
                return;
            }
            Sent sent = done.result();
            if (sent.refused() != null) {
                fail(Problem.unavailable(sent.refused(), reception.config().retryAfter()));
                return;
            }
            if (sent.last()) {
                bodyEnded = true;
                broken = sent.broken().map(Admission.Rejected::describe);
                if (sent.broken().isPresent() && nextIndex == 0) {
                    fail(Problem.broken(sent.broken().get()));
                    return;
                }
            }
            awaited.addLast(sent.burst());
            awaitedLines += sent.burst().size();
            sent.burst().seal();
            drain();
            readOn();
        });
    }

    /// On a worker thread: `send` of the Kafka producer may wait.
    private Sent send() {
        BodyLines.Some some = lines.next();
        // The break is reported like a document, where there was one before it.
        boolean reportsBreak =
                some.broken().isPresent() && nextIndex + some.lines().size() > 0;
        Burst burst = new Burst(some.lines().size() + (reportsBreak ? 1 : 0), this::completed);
        int place = 0;
        for (LineSplitter.Line line : some.lines()) {
            send(line, nextIndex++, burst, place);
            if (nextIndex == 1
                    && burst.brought(0) instanceof Report.Answered first
                    && first.answer() instanceof Delivery.Failed failed
                    && failed.unavailable()) {
                return new Sent(burst, false, Optional.empty(), failed.reason());
            }
            place++;
        }
        if (some.broken().isPresent()) {
            reception.rejections().count(some.broken().get());
        }
        if (reportsBreak) {
            burst.report(
                    place,
                    new Report.Rejected(nextIndex++, some.broken().orElseThrow().describe()));
        }
        return new Sent(burst, some.last(), some.broken(), null);
    }

    private void send(LineSplitter.Line line, long index, Burst burst, int place) {
        Admission admission = switch (line) {
            case LineSplitter.Whole whole -> reception.reader().read(whole.bytes());
            case LineSplitter.Overlong _ -> reception.reader().tooLarge();
        };
        switch (admission) {
            case Admission.Rejected no -> {
                reception.rejections().count(no);
                burst.report(place, new Report.Rejected(index, no.describe()));
            }
            case Admission.Accepted yes -> {
                String key = yes.document().key();
                Optional<EncodingDamage> suspect = yes.document().damage();
                var _ = reception
                        .publisher()
                        .publish(yes.document(), visit.origin(reception.topic(), index))
                        .whenComplete((answer, error) ->
                                burst.report(place, new Report.Answered(index, key, suspect, known(answer, error))));
            }
        }
    }

    /// A document whose sending failed in a way that nobody foresaw has its report too, or all would wait for it.
    private static Answer known(@Nullable Answer answer, @Nullable Throwable error) {
        return answer != null ? answer : new Delivery.Unknown(String.valueOf(error));
    }

    /// From any thread.
    private void completed() {
        context.runOnContext(_ -> {
            drain();
            readOn();
        });
    }

    private void readOn() {
        if (over || sending || bodyEnded) {
            return;
        }
        if (awaitedLines >= reception.config().window() || response.writeQueueFull()) {
            return;
        }
        if (!waiting) {
            // Other requests may hold the room; their reports do not wake this one.
            waiting = true;
            reception
                    .room()
                    .whenFree(
                            context,
                            () -> {
                                waiting = false;
                                // Where a buffer came meanwhile, what follows it is asked for when it is done.
                                if (!over && !bodyEnded && !sending) {
                                    takeOn();
                                }
                            },
                            () -> {
                                if (!bodyEnded) {
                                    fail(Problem.busy(reception.config().retryAfter()));
                                }
                            });
        }
    }

    private void takeOn() {
        if (lines.hungry()) {
            request.resume();
        } else {
            sendNext();
        }
    }

    private void hold(long bytes) {
        reception.room().hold(bytes - held);
        held = bytes;
    }

    /// Writes the reports that are known, in order, while the client reads them.
    private void drain() {
        if (over) {
            return;
        }
        ReportLines out = new ReportLines();
        while (!response.writeQueueFull()
                && !awaited.isEmpty()
                && awaited.getFirst().isComplete()) {
            if (!awaited.getFirst().hasNext()) {
                awaitedLines -= awaited.removeFirst().size();
                continue;
            }
            Report report = awaited.getFirst().next();
            visit.tally().count(report.status());
            if (level.wants(report.status())) {
                out.line(report::writeMembers);
            }
            if (out.size() > WRITE_BYTES) {
                write(out.take());
                out = new ReportLines();
            }
        }
        write(out.take());
        if (bodyEnded && !sending && awaited.isEmpty()) {
            finish();
        }
    }

    private void write(Buffer out) {
        if (out.length() == 0) {
            return;
        }
        beginAnswer();
        var _ = response.write(out);
        if (response.writeQueueFull() && writeTimer < 0) {
            writeTimer = context.owner()
                    .setTimer(reception.config().writeTimeout().toMillis(), _ -> {
                        LOG.warnf(
                                "a client did not read its reports for millrace.api.write-timeout = %s: cut off",
                                reception.config().writeTimeout());
                        abandon();
                        Exchange.breakOff(request, false);
                    });
        }
    }

    private void finish() {
        if (stopped && nextIndex == 0) {
            fail(Problem.closing(reception.config().retryAfter()));
            return;
        }
        end();
        beginAnswer();
        Future<Void> ended =
                response.end(new ReportLines().line(this::writeSummary).take());
        if (stopped) {
            var _ = ended.onComplete(done -> Exchange.breakOff(request, done.succeeded()));
        } else {
            UnreadBody.drop(request, ended);
        }
    }

    private void writeSummary(JsonGenerator json) throws IOException {
        json.writeObjectFieldStart("summary");
        json.writeNumberField("documents", nextIndex);
        for (Report.Status status : Report.Status.values()) {
            json.writeNumberField(status.text(), visit.tally().of(status));
        }
        if (stopped) {
            json.writeStringField("stopped", "this producer ends: send what follows the last report again");
        }
        if (broken.isPresent()) {
            json.writeStringField("broken", broken.get());
        }
        json.writeEndObject();
    }

    private void beginAnswer() {
        if (!answering) {
            answering = true;
            response.setStatusCode(200).setChunked(true).putHeader("Content-Type", "application/x-ndjson");
        }
    }

    private void fail(Problem problem) {
        if (over) {
            return;
        }
        end();
        if (answering) {
            LOG.warnf("a stream of documents was cut off after %d: %s", nextIndex, problem.detail());
            Exchange.breakOff(request, false);
        } else {
            problem.refuse(request);
        }
    }

    /// The client is gone. What was sent is on its way and is counted; nobody reads its reports.
    private void abandon() {
        end();
        awaited.clear();
    }

    private void end() {
        over = true;
        stopWriteTimer();
        deadline.stop();
        hold(0);
        if (!sending) {
            lines.close();
        }
        reception.streams().remove(this);
    }

    private void stopWriteTimer() {
        if (writeTimer >= 0) {
            context.owner().cancelTimer(writeTimer);
            writeTimer = -1;
        }
    }
}
