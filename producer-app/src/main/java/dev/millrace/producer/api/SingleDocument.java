package dev.millrace.producer.api;

import dev.millrace.producer.document.Admission;
import dev.millrace.producer.document.Document;
import dev.millrace.producer.publish.Answer;
import dev.millrace.producer.publish.Delivery;
import dev.millrace.producer.unpack.Unpacking;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonObject;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/// One request with one document. Its body is read, and unpacked, while there is room for it; the answer is the
/// delivery report.
///
/// Runs on the request's event loop.
final class SingleDocument {
    private final HttpServerRequest request;
    private final HttpServerResponse response;
    private final Context context;
    private final Reception reception;
    private final Visit visit;
    private final Unpacking unpacking;
    private final Buffer body = Buffer.buffer();
    private long held;
    private boolean over;

    SingleDocument(HttpServerRequest request, Context context, Reception reception, Visit visit, Unpacking unpacking) {
        this.request = request;
        this.response = request.response();
        this.context = context;
        this.reception = reception;
        this.visit = visit;
        this.unpacking = unpacking;
    }

    void start() {
        request.exceptionHandler(_ -> end());
        request.handler(this::take);
        request.endHandler(_ -> {
            if (!over) {
                unpacking.end();
                unpack();
            }
        });
        readOn();
    }

    private void readOn() {
        reception
                .room()
                .whenFree(
                        context.owner(),
                        request::resume,
                        () -> refuse(Problem.busy(reception.config().retryAfter())));
    }

    private void take(Buffer part) {
        if (over) {
            return;
        }
        unpacking.feed(part.getBytes());
        unpack();
        if (!over && reception.room().full()) {
            request.pause();
            readOn();
        }
    }

    private void unpack() {
        boolean more = true;
        while (more) {
            more = switch (unpacking.next()) {
                case Unpacking.Bytes piece -> append(piece.bytes());
                case Unpacking.Piece.Hungry _ -> false;
                case Unpacking.Piece.End _ -> {
                    publish();
                    yield false;
                }
                case Unpacking.Piece.Broken no -> {
                    Admission.Rejected damaged =
                            new Admission.Rejected(no.fault(), "", 1, 1, "the body " + no.reason());
                    reject(damaged);
                    refuse(Problem.broken(damaged));
                    yield false;
                }
            };
        }
    }

    /// @return whether there was room for it
    private boolean append(byte[] piece) {
        if (body.length() + piece.length > reception.reader().maxBytes()) {
            Admission.Rejected no = reception.reader().tooLarge();
            reject(no);
            refuse(Problem.of(413, "Document too large", no.reason()));
            return false;
        }
        body.appendBytes(piece);
        hold(body.length() + unpacking.memory());
        return true;
    }

    private void hold(long bytes) {
        reception.room().hold(bytes - held);
        held = bytes;
    }

    private void publish() {
        switch (reception.reader().read(body.getBytes())) {
            case Admission.Rejected no -> {
                reject(no);
                JsonObject place = new JsonObject()
                        .put("field", no.field())
                        .put("line", no.line())
                        .put("column", no.column());
                end();
                new Problem(400, "Not a document", no.describe(), Optional.empty(), place).answer(response);
            }
            case Admission.Accepted yes -> publish(yes.document());
        }
    }

    private void reject(Admission.Rejected no) {
        reception.rejections().count(no);
        visit.tally().count(Report.Status.REJECTED);
    }

    /// On a worker thread: `send` of the Kafka producer may wait.
    private void publish(Document document) {
        context.<CompletableFuture<Answer>>executeBlocking(
                        () -> reception.publisher().publish(document, visit.origin(0)), false)
                .onComplete(_ -> end())
                .compose(answer -> Future.fromCompletionStage(answer, context))
                .onSuccess(answer -> answer(document, answer))
                .onFailure(error -> Problem.of(500, "The document was not sent", error.toString())
                        .answer(response));
    }

    private void answer(Document document, Answer answer) {
        Report fate = Report.of(0, document.key(), answer);
        visit.tally().count(fate.status());
        JsonObject report = fate.json();
        switch (answer) {
            case Delivery.Delivered _, Answer.Duplicate _ -> {
                var _ = response.setStatusCode(200)
                        .putHeader("Content-Type", "application/json")
                        .end(report.toBuffer());
            }
            case Delivery.Failed not -> {
                if (not.unavailable()) {
                    Problem.unavailable(not.reason(), reception.config().retryAfter())
                            .answer(response);
                } else {
                    new Problem(502, "The broker refused the document", not.reason(), Optional.empty(), report)
                            .answer(response);
                }
            }
            case Answer.Conflict no ->
                new Problem(422, "Not the same document", no.reason(), Optional.empty(), report).answer(response);
            case Delivery.Unknown open ->
                new Problem(504, "Sent, fate unknown", open.reason(), Optional.empty(), report).answer(response);
        }
    }

    private void refuse(Problem problem) {
        if (!over) {
            end();
            problem.refuse(request);
        }
    }

    /// The body is held no longer, by this request: it is refused, gone, or with the publisher.
    private void end() {
        over = true;
        unpacking.close();
        hold(0);
    }
}
