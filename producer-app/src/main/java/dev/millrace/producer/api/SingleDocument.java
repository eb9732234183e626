package dev.millrace.producer.api;

import dev.millrace.producer.document.Admission;
import dev.millrace.producer.document.Document;
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
    private final Unpacking unpacking;
    private final Buffer body = Buffer.buffer();
    private long held;
    private boolean over;

    SingleDocument(HttpServerRequest request, Context context, Reception reception, Unpacking unpacking) {
        this.request = request;
        this.response = request.response();
        this.context = context;
        this.reception = reception;
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
                    reception.rejections().count(damaged);
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
            reception.rejections().count(no);
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
                reception.rejections().count(no);
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

    /// On a worker thread: `send` of the Kafka producer may wait.
    private void publish(Document document) {
        context.<CompletableFuture<Delivery>>executeBlocking(
                        () -> reception.publisher().publish(document), false)
                .onComplete(_ -> end())
                .compose(delivery -> Future.fromCompletionStage(delivery, context))
                .onSuccess(delivery -> answer(document, delivery))
                .onFailure(error -> Problem.of(500, "The document was not sent", error.toString())
                        .answer(response));
    }

    private void answer(Document document, Delivery delivery) {
        JsonObject report = Report.of(0, document.key(), delivery).json();
        switch (delivery) {
            case Delivery.Delivered _ -> {
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

    /// The body is held no longer, by this request: it is refused, gone, or with the reception.publisher().
    private void end() {
        over = true;
        unpacking.close();
        hold(0);
    }
}
