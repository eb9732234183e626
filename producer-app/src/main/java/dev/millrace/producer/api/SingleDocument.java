package dev.millrace.producer.api;

import dev.millrace.producer.document.Admission;
import dev.millrace.producer.document.BodyReader;
import dev.millrace.producer.document.Document;
import dev.millrace.producer.document.Fault;
import dev.millrace.producer.publish.Answer;
import dev.millrace.producer.unpack.Unpacking;
import io.vertx.core.Context;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// One request with one document. Its body is read, and unpacked, while there is room for it; the answer is the
/// delivery report.
///
/// Runs on the request's event loop.
final class SingleDocument {
    private static final Logger LOG = Logger.getLogger(SingleDocument.class);
    /// Of a larger one, parsing and compressing would hold the event loop up for milliseconds.
    private static final int AT_ONCE_BYTES = 64 << 10;
    /// A worker unpacks so much at a time: more could be more than there is room for.
    private static final int ASIDE_BYTES = 256 << 10;

    private final HttpServerRequest request;
    private final HttpServerResponse response;
    private final Context context;
    private final Reception reception;
    private final Visit visit;
    private final BodyReader reader;
    private final Unpacking unpacking;
    private Buffer body = Buffer.buffer();
    private final BodyDeadline deadline;
    private final Room.Share share;
    /// Where the body is too large to be held.
    private @Nullable LargeUpload upload;

    /// Whether a worker is unpacking.
    private boolean aside;
    /// Whether what came is not unpacked to its end.
    private boolean fed;
    /// Whether the body is whole.
    private boolean ended;
    private boolean over;

    SingleDocument(
            HttpServerRequest request,
            Context context,
            Reception reception,
            Visit visit,
            BodyReader reader,
            Unpacking unpacking) {
        this.request = request;
        this.response = request.response();
        this.context = context;
        this.reception = reception;
        this.visit = visit;
        this.reader = reader;
        this.unpacking = unpacking;
        this.deadline = new BodyDeadline(context.owner(), reception.config().bodyTimeout(), this::late);
        this.share = reception.room().share(context);
    }

    void start() {
        visit.tally().open();
        deadline.begin();
        share.begin();
        request.exceptionHandler(_ -> leave());
        request.handler(this::take);
        request.endHandler(_ -> {
            if (!over) {
                unpacking.end();
                fed = true;
                unpack();
            }
        });
        readOn();
    }

    /// The client went away before it had sent all: of one that had, nobody is told here.
    private void leave() {
        if (!over) {
            end();
            visit.tally().close();
        }
    }

    private void late() {
        refuse(Problem.late(reception.config().bodyTimeout()));
    }

    private void readOn() {
        share.whenFree(
                () -> {
                    if (over) {
                        return;
                    }
                    if (fed) {
                        unpackAside();
                    } else {
                        deadline.ask();
                        request.resume();
                    }
                },
                () -> refuse(Problem.busy(reception.config().retryAfter())));
    }

    private void take(Buffer part) {
        if (over) {
            return;
        }
        unpacking.feed(part.getBytes());
        fed = true;
        unpack();
        if (!over && upload == null && !aside && share.full()) {
            pause();
            readOn();
        }
    }

    private void pause() {
        deadline.pause();
        if (!request.isEnded()) {
            request.pause();
        }
    }

    /// What takes no time, where it is. A few bytes may unpack to all that a document may have.
    private void unpack() {
        boolean more = true;
        while (more) {
            if (unpacking.isPacked() && body.length() > AT_ONCE_BYTES) {
                pause();
                unpackAside();
                return;
            }
            more = take(unpacking.next());
        }
    }

    private void unpackAside() {
        aside = true;
        int most = Math.min(ASIDE_BYTES, reception.reader().maxBytes() - body.length());
        context.executeBlocking(() -> pieces(most), false).onComplete(done -> {
            aside = false;
            if (over) {
                unpacking.close();
            } else if (done.failed()) {
                fail(Report.Status.FAILED, done.cause());
            } else {
                done.result().forEach(this::take);
                if (!over && upload == null && !ended) {
                    readOn();
                }
            }
        });
    }

    /// On a worker: pieces up to one that is none of bytes, or that goes past so many bytes.
    private List<Unpacking.Piece> pieces(int most) {
        List<Unpacking.Piece> pieces = new ArrayList<>();
        int length = 0;
        while (length <= most) {
            Unpacking.Piece piece = unpacking.next();
            pieces.add(piece);
            length += piece instanceof Unpacking.Bytes some ? some.bytes().length : most + 1;
        }
        return pieces;
    }

    /// @return whether another may follow at once
    private boolean take(Unpacking.Piece piece) {
        return switch (piece) {
            case Unpacking.Bytes some -> append(some.bytes());
            case Unpacking.Piece.Hungry _ -> {
                fed = false;
                yield false;
            }
            case Unpacking.Piece.End _ -> {
                ended = true;
                publish();
                yield false;
            }
            case Unpacking.Piece.Broken no -> {
                Admission.Rejected damaged = new Admission.Rejected(no.fault(), "", 1, 1, "the body " + no.reason());
                reject(damaged);
                refuse(Problem.broken(damaged));
                yield false;
            }
        };
    }

    /// @return whether there was room for it
    private boolean append(byte[] piece) {
        if (body.length() + piece.length > reception.reader().maxBytes()) {
            upload = new LargeUpload(request, context, reception, unpacking, deadline, this);
            upload.start(reader, body.appendBytes(piece).getBytes());
            body = Buffer.buffer();
            share.close();
            return false;
        }
        body.appendBytes(piece);
        share.hold(body.length());
        return true;
    }

    /// Read where it is, as long as that takes no time.
    private void publish() {
        deadline.stop();
        if (body.length() <= AT_ONCE_BYTES) {
            admit(reader.read(body.getBytes()));
        } else {
            context.executeBlocking(() -> reader.read(body.getBytes()), false)
                    .onSuccess(this::admit)
                    .onFailure(error -> fail(Report.Status.FAILED, error));
        }
    }

    private void admit(Admission admission) {
        switch (admission) {
            case Admission.Rejected no -> {
                reject(no);
                end();
                Problem.notADocument(no).answer(response);
            }
            case Admission.Accepted yes -> publish(yes.document());
        }
    }

    /// A body that was too large to be held has come to its end, or to a fault.
    void largeRead(Admission admission) {
        switch (admission) {
            case Admission.Rejected no -> {
                reject(no);
                refuse(
                        no.fault() == Fault.TOO_LARGE
                                ? Problem.of(413, "Document too large", no.reason())
                                : no.fault() == Fault.PACKING ? Problem.broken(no) : Problem.notADocument(no));
            }
            case Admission.Accepted yes -> {
                deadline.stop();
                publish(yes.document());
            }
        }
    }

    /// The store, or something else of ours, does not take it.
    void largeFailed(Problem problem) {
        count(Report.Status.FAILED);
        refuse(problem);
    }

    private void reject(Admission.Rejected no) {
        reception.rejections().count(no);
        count(Report.Status.REJECTED);
    }

    /// On the event loop where nothing has to be waited for: a change of threads costs more than the rest. Else on a
    /// worker.
    private void publish(Document document) {
        reception.streams().add(this);
        if (document.value().length <= AT_ONCE_BYTES && reception.publisher().sendsAtOnce(reception.topic())) {
            CompletableFuture<Answer> answer =
                    reception.publisher().publish(document, visit.origin(reception.topic(), 0));
            end();
            await(document, answer);
            return;
        }
        context.<CompletableFuture<Answer>>executeBlocking(
                        () -> reception.publisher().publish(document, visit.origin(reception.topic(), 0)), false)
                .onComplete(_ -> end())
                .onSuccess(answer -> await(document, answer))
                .onFailure(error -> fail(Report.Status.UNKNOWN, error));
    }

    private void await(Document document, CompletableFuture<Answer> answer) {
        var _ = answer.whenComplete((known, error) -> context.runOnContext(_ -> {
            if (known == null) {
                fail(Report.Status.UNKNOWN, error);
            } else {
                answer(document, known);
            }
        }));
    }

    /// In a way that nobody foresaw.
    ///
    /// @param status UNKNOWN from where the publisher was asked to send it
    private void fail(Report.Status status, Throwable error) {
        LOG.errorf(error, "a document met a fault of this producer's: %s", status.text());
        end();
        count(status);
        String title = status == Report.Status.UNKNOWN ? "Perhaps sent" : "The document was not sent";
        Problem.of(500, title, "a fault of this producer's, see its log: " + error)
                .refuse(request);
    }

    private void count(Report.Status status) {
        visit.tally().count(status);
        visit.tally().close();
        reception.streams().remove(this);
    }

    private void answer(Document document, Answer answer) {
        Report.Answered fate = Report.Answered.of(0, document, answer);
        count(fate.status());
        SingleAnswer.give(fate, response, reception.config().retryAfter());
    }

    private void refuse(Problem problem) {
        if (!over) {
            leave();
            problem.refuse(request);
        }
    }

    /// The body is held no longer, by this request: it is refused, gone, or with the publisher.
    private void end() {
        if (over) {
            return;
        }
        over = true;
        deadline.stop();
        LargeUpload now = upload;
        if (now != null) {
            now.end();
        } else if (!aside) {
            unpacking.close();
        }
        share.close();
    }
}
