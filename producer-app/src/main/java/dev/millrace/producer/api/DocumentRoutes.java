package dev.millrace.producer.api;

import dev.millrace.producer.document.Admission;
import dev.millrace.producer.document.Document;
import dev.millrace.producer.document.DocumentLimits;
import dev.millrace.producer.document.DocumentReader;
import dev.millrace.producer.publish.Delivery;
import dev.millrace.producer.publish.DocumentPublisher;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.Locale;
import java.util.Optional;

/// `POST /v1/documents`: one document as `application/json`, or a stream of them as `application/x-ndjson`.
///
/// On the router, not a REST resource: a stream answers while it is still being read.
@Singleton
final class DocumentRoutes {
    private static final String PATH = "/v1/documents";

    private final DocumentReader reader;
    private final DocumentPublisher publisher;
    private final ApiConfig config;
    private final MeterRegistry registry;

    DocumentRoutes(DocumentLimits limits, DocumentPublisher publisher, ApiConfig config, MeterRegistry registry) {
        this.reader = DocumentReader.of(limits);
        this.publisher = publisher;
        this.config = config;
        this.registry = registry;
    }

    void register(@Observes Router router) {
        router.route(HttpMethod.POST, PATH).handler(this::take);
        router.route(PATH).handler(routing -> {
            routing.response().putHeader("Allow", "POST");
            Problem.of(405, "Method not allowed", "documents are taken by POST").answer(routing.response());
        });
    }

    private void take(RoutingContext routing) {
        HttpServerRequest request = routing.request();
        // Paused until a handler is set: no byte of the body is lost.
        request.pause();
        String type = Optional.ofNullable(request.getHeader("Content-Type"))
                .map(header -> header.split(";", 2)[0].strip().toLowerCase(Locale.ROOT))
                .orElse("");
        registry.counter("millrace.requests", "type", type.equals("application/x-ndjson") ? "stream" : "single")
                .increment();
        switch (type) {
            case "application/json" -> takeOne(request);
            case "application/x-ndjson", "application/ndjson" -> takeStream(request);
            default -> {
                request.resume();
                Problem.of(
                                415,
                                "Unsupported media type",
                                "send application/json (one document) or application/x-ndjson (a document per line)")
                        .answer(request.response());
            }
        }
    }

    private void takeStream(HttpServerRequest request) {
        Optional<ReportLevel> level = ReportLevel.parse(request.getParam("report"));
        if (level.isEmpty()) {
            request.resume();
            Problem.of(400, "Bad request", "report is all, failures or summary").answer(request.response());
            return;
        }
        new DocumentStream(request, context(), reader, publisher, config, level.get()).start();
    }

    private void takeOne(HttpServerRequest request) {
        Context context = context();
        Buffer body = Buffer.buffer();
        HttpServerResponse response = request.response();
        request.handler(part -> {
            if (body.length() + part.length() <= reader.maxBytes()) {
                body.appendBuffer(part);
            } else if (!response.ended()) {
                Problem.of(413, "Document too large", reader.tooLarge().reason())
                        .answer(response);
            }
        });
        request.endHandler(_ -> {
            if (!response.ended()) {
                publish(context, body.getBytes(), response);
            }
        });
        request.resume();
    }

    private void publish(Context context, byte[] body, HttpServerResponse response) {
        switch (reader.read(body)) {
            case Admission.Rejected no -> {
                registry.counter("millrace.rejected", "field", no.field()).increment();
                new Problem(
                                400,
                                "Not a document",
                                no.describe(),
                                Optional.empty(),
                                new JsonObject()
                                        .put("field", no.field())
                                        .put("line", no.line())
                                        .put("column", no.column()))
                        .answer(response);
            }
            case Admission.Accepted yes ->
                context.<java.util.concurrent.CompletableFuture<Delivery>>executeBlocking(
                                () -> publisher.publish(yes.document()), false)
                        .compose(delivery -> io.vertx.core.Future.fromCompletionStage(delivery, context))
                        .onSuccess(delivery -> answer(yes.document(), delivery, response))
                        .onFailure(error -> Problem.of(500, "The document was not sent", error.toString())
                                .answer(response));
        }
    }

    private void answer(Document document, Delivery delivery, HttpServerResponse response) {
        JsonObject report = Report.of(0, document.key(), delivery).json();
        switch (delivery) {
            case Delivery.Delivered _ -> {
                var _ = response.setStatusCode(200)
                        .putHeader("Content-Type", "application/json")
                        .end(report.toBuffer());
            }
            case Delivery.Failed not -> {
                if (not.unavailable()) {
                    Problem.unavailable(not.reason(), config.retryAfter()).answer(response);
                } else {
                    new Problem(502, "The broker refused the document", not.reason(), Optional.empty(), report)
                            .answer(response);
                }
            }
            case Delivery.Unknown open ->
                new Problem(504, "Sent, fate unknown", open.reason(), Optional.empty(), report.copy()).answer(response);
        }
    }

    private static Context context() {
        return java.util.Objects.requireNonNull(Vertx.currentContext(), "routes run on a Vert.x context");
    }
}
