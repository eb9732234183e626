package dev.millrace.producer.api;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.millrace.producer.document.Admission;
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

/// One NDJSON request: documents in, reports out in order, both at once, and neither ever held whole.
///
/// The body is read a buffer at a time: it is unpacked, split, admitted and sent on a worker thread, a piece at a time,
/// and the next piece is asked for only when the window has room and the client reads its reports. Up to the first line
/// of the answer the request can still be refused as a whole.
///
/// Whatever ends it, what was sent is waited for and counted: in its reports, else in the tally alone.
///
/// Runs on the request's event loop, but for what [LinePublisher] does.
final class DocumentStream {
    private static final Logger LOG = Logger.getLogger(DocumentStream.class);
    private static final int WRITE_BYTES = 32 << 10;
    private static final long NONE = -1;

    private final HttpServerRequest request;
    private final HttpServerResponse response;
    private final Context context;
    private final Reception reception;
    private final ReportLevel level;
    private final Visit visit;
    private final BodyLines lines;
    private final LinePublisher publisher;
    private final BodyDeadline deadline;
    private final Room.Share share;
    private final Deque<Burst> awaited = new ArrayDeque<>();
    private int awaitedLines;
    private boolean reading;
    private boolean sending;
    private boolean bodyEnded;
    private boolean answering;
    private boolean over;
    private boolean waiting;
    private boolean stopped;
    private Optional<String> broken = Optional.empty();
    /// The line that has begun to come.
    private long begun = NONE;

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
        this.publisher = new LinePublisher(reception, visit, lines, this::completed);
        this.deadline = new BodyDeadline(context.owner(), reception.config().bodyTimeout(), this::late);
        this.share = reception.room().share(context);
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
            pause();
            lines.feed(buffer.getBytes());
            sendNext();
        });
        request.endHandler(_ -> {
            pause();
            if (!bodyEnded) {
                lines.end();
                sendNext();
            }
        });
        visit.tally().open();
        reception.streams().add(this);
        readOn();
    }

    private void pause() {
        reading = false;
        deadline.pause();
        if (!request.isEnded()) {
            request.pause();
        }
    }

    /// Reads no further: what was taken is reported, and the answer says where to go on. From any thread.
    void stop() {
        context.runOnContext(_ -> {
            if (!over && !bodyEnded) {
                stopped = true;
                endBody();
            }
        });
    }

    private void late() {
        breakOff(Problem.late(reception.config().bodyTimeout()));
    }

    /// Reads no further, because of a line that does not come to an end, or for want of room. What came before is
    /// reported; where nothing did, the request is refused.
    private void breakOff(Problem problem) {
        if (over || bodyEnded) {
            return;
        }
        if (publisher.documents() == 0) {
            fail(problem);
            return;
        }
        broken = Optional.of(problem.detail());
        endBody();
    }

    private void endBody() {
        bodyEnded = true;
        deadline.stop();
        pause();
        drain();
    }

    private void sendNext() {
        sending = true;
        boolean begun = answering;
        context.executeBlocking(() -> publisher.next(begun), false).onComplete(done -> {
            sending = false;
            if (done.succeeded()) {
                Burst burst = done.result().burst();
                awaited.addLast(burst);
                awaitedLines += burst.size();
                burst.seal();
            }
            if (over) {
                lines.close();
                settle();
            } else if (done.failed()) {
                LOG.errorf(done.cause(), "a stream of documents broke off after %d", publisher.documents());
                breakOff(Problem.of(500, "The stream broke off", "a fault of this producer's: see its log"));
            } else {
                goOn(done.result());
            }
        });
    }

    private void goOn(Sent sent) {
        share.hold(lines.partial());
        followLine();
        if (sent.refused().isPresent()) {
            fail(Problem.unavailable(sent.refused().get(), reception.config().retryAfter()));
            return;
        }
        if (sent.last()) {
            bodyEnded = true;
            broken = sent.broken().map(Admission.Rejected::describe);
            if (sent.broken().isPresent() && publisher.documents() == 0) {
                fail(Problem.broken(sent.broken().get()));
                return;
            }
        }
        drain();
        readOn();
    }

    /// A line that has begun has its time, and its place in the room, until it ends.
    private void followLine() {
        long line = lines.partial() == 0 ? NONE : lines.ended();
        if (line == NONE) {
            deadline.stop();
            share.end();
        } else if (line != begun) {
            deadline.begin();
            share.begin();
        }
        begun = line;
    }

    /// From any thread.
    private void completed() {
        context.runOnContext(_ -> {
            drain();
            readOn();
        });
    }

    private void readOn() {
        if (over || reading || sending || bodyEnded) {
            return;
        }
        if (awaitedLines >= reception.config().window() || response.writeQueueFull()) {
            return;
        }
        if (!waiting) {
            // Other requests may hold the room; their reports do not wake this one.
            waiting = true;
            share.whenFree(
                    () -> {
                        waiting = false;
                        if (!over && !bodyEnded) {
                            takeOn();
                        }
                    },
                    () -> breakOff(Problem.busy(reception.config().retryAfter())));
        }
    }

    private void takeOn() {
        if (lines.hungry()) {
            reading = true;
            deadline.ask();
            request.resume();
        } else {
            sendNext();
        }
    }

    /// Writes the reports that are known, in order, while the client reads them.
    private void drain() {
        if (over) {
            settle();
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
        if (stopped && publisher.documents() == 0) {
            fail(Problem.closing(reception.config().retryAfter()));
            return;
        }
        beginAnswer();
        end();
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
        json.writeNumberField("documents", publisher.documents());
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
            LOG.warnf("a stream of documents was cut off after %d: %s", publisher.documents(), problem.detail());
            Exchange.breakOff(request, false);
        } else {
            problem.refuse(request);
        }
    }

    /// The client is gone, or does not listen.
    private void abandon() {
        if (!over) {
            end();
        }
    }

    private void end() {
        over = true;
        stopWriteTimer();
        deadline.stop();
        share.close();
        if (!sending) {
            lines.close();
        }
        settle();
    }

    /// What is on its way is counted as its fate becomes known, where nobody is told any more.
    private void settle() {
        while (!awaited.isEmpty() && awaited.getFirst().isComplete()) {
            Burst burst = awaited.removeFirst();
            while (burst.hasNext()) {
                visit.tally().count(burst.next().status());
            }
        }
        if (!sending && awaited.isEmpty()) {
            reception.streams().remove(this);
            visit.tally().close();
        }
    }

    private void stopWriteTimer() {
        if (writeTimer >= 0) {
            context.owner().cancelTimer(writeTimer);
            writeTimer = -1;
        }
    }
}
