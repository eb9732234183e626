package dev.millrace.producer.api;

import dev.millrace.producer.document.DocumentLimits;
import dev.millrace.producer.document.DocumentReader;
import dev.millrace.producer.document.QualityConfig;
import dev.millrace.producer.publish.OncePublisher;
import dev.millrace.producer.unpack.ContentCoding;
import dev.millrace.producer.unpack.Unpacking;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
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

    private final Reception reception;
    private final Counter singles;
    private final Counter streamed;

    DocumentRoutes(
            DocumentLimits limits,
            QualityConfig quality,
            OncePublisher publisher,
            Room room,
            Rejections rejections,
            OpenStreams streams,
            ApiConfig config,
            MeterRegistry registry) {
        this.reception =
                new Reception(DocumentReader.of(limits, quality), publisher, room, rejections, streams, config);
        this.singles = count(registry, "single");
        this.streamed = count(registry, "stream");
    }

    private static Counter count(MeterRegistry registry, String type) {
        return Counter.builder("millrace.requests")
                .description("Requests that bring documents")
                .tag("type", type)
                .register(registry);
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
        (type.equals("application/x-ndjson") ? streamed : singles).increment();
        if (reception.streams().closing()) {
            Problem.closing(reception.config().retryAfter()).refuse(request);
            return;
        }
        Visit visit = Visit.of(routing);
        if (visit.idempotencyKey().isEmpty() && request.getHeader(IdempotencyKey.HEADER) != null) {
            Problem.of(400, "Bad request", IdempotencyKey.HEADER + " is 1 to 255 visible characters of ASCII")
                    .refuse(request);
            return;
        }
        Optional<ContentCoding> coding = ContentCoding.parse(request.getHeader("Content-Encoding"));
        if (coding.isEmpty()) {
            request.response().putHeader("Accept-Encoding", ContentCoding.OFFERED);
            Problem.of(415, "Unsupported content coding", "Content-Encoding is one of " + ContentCoding.OFFERED)
                    .refuse(request);
            return;
        }
        switch (type) {
            case "application/json" ->
                new SingleDocument(request, context(), reception, visit, unpacking(coding.get())).start();
            case "application/x-ndjson", "application/ndjson" -> takeStream(request, visit, coding.get());
            default ->
                Problem.of(
                                415,
                                "Unsupported media type",
                                "send application/json (one document) or application/x-ndjson (a document per line)")
                        .refuse(request);
        }
    }

    private Unpacking unpacking(ContentCoding coding) {
        return new Unpacking(coding, reception.config().maxExpansion());
    }

    private void takeStream(HttpServerRequest request, Visit visit, ContentCoding coding) {
        Optional<ReportLevel> level = ReportLevel.parse(request.getParam("report"));
        if (level.isEmpty()) {
            Problem.of(400, "Bad request", "report is all, failures or summary").refuse(request);
            return;
        }
        new DocumentStream(request, context(), reception, visit, unpacking(coding), level.get()).start();
    }

    private static Context context() {
        return java.util.Objects.requireNonNull(Vertx.currentContext(), "routes run on a Vert.x context");
    }
}
