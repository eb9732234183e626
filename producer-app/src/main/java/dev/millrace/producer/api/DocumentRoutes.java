package dev.millrace.producer.api;

import dev.millrace.producer.document.BodyReader;
import dev.millrace.producer.document.DocumentForms;
import dev.millrace.producer.document.DocumentLimits;
import dev.millrace.producer.document.DocumentReader;
import dev.millrace.producer.document.MediaType;
import dev.millrace.producer.document.Names;
import dev.millrace.producer.document.QualityConfig;
import dev.millrace.producer.document.QualityRules;
import dev.millrace.producer.document.Rejections;
import dev.millrace.producer.publish.OncePublisher;
import dev.millrace.producer.publish.Topics;
import dev.millrace.producer.store.ConfiguredStore;
import dev.millrace.producer.unpack.ContentCoding;
import dev.millrace.producer.unpack.Unpacking;
import dev.millrace.producer.unpack.UnpackingRoom;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// `POST /v1/documents`, and `POST /v1/topics/{topic}/documents` for a topic that is allowed: one document, as JSON,
/// text or a medium, or a stream of them as `application/x-ndjson`.
///
/// On the router, not a REST resource: a stream answers while it is still being read.
@Singleton
final class DocumentRoutes {
    private static final String PATH = "/v1/documents";
    private static final String TOPIC_PATH = "/v1/topics/:topic/documents";
    private static final Set<String> STREAMS = Set.of("application/x-ndjson", "application/ndjson");

    private final Map<String, Reception> receptions = new HashMap<>();
    private final String standardTopic;
    private final OpenStreams streams;
    private final OpenRequests requests;
    private final ApiConfig config;
    private final DocumentForms forms;
    private final UnpackingRoom unpackingRoom;
    private final Counter singles;
    private final Counter streamed;

    DocumentRoutes(
            DocumentLimits limits,
            QualityConfig quality,
            Topics topics,
            OncePublisher publisher,
            Room room,
            Rejections rejections,
            OpenStreams streams,
            OpenRequests requests,
            ApiConfig config,
            ConfiguredStore store,
            MeterRegistry registry) {
        QualityRules rules = QualityRules.of(quality);
        DocumentReader reader = DocumentReader.of(limits, quality);
        for (String topic : topics.names()) {
            receptions.put(topic, new Reception(topic, reader, publisher, room, rejections, streams, config));
        }
        this.standardTopic = topics.standard();
        this.streams = streams;
        this.requests = requests;
        this.config = config;
        this.forms = new DocumentForms(reader, limits.maxNameLength(), limits.maxParts(), rules, store.media());
        this.unpackingRoom = new UnpackingRoom(config.maxUnpacking().asLongValue());
        Gauge.builder("millrace.unpacking.bytes", unpackingRoom, UnpackingRoom::held)
                .description("Memory that unpacking takes, outside the heap")
                .register(registry);
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
        for (String path : List.of(PATH, TOPIC_PATH)) {
            router.route(HttpMethod.POST, path).handler(this::take);
            router.route(path).handler(routing -> {
                routing.response().putHeader("Allow", "POST");
                Problem.of(405, "Method not allowed", "documents are taken by POST")
                        .answer(routing.response());
            });
        }
    }

    private void take(RoutingContext routing) {
        HttpServerRequest request = routing.request();
        // Paused until a handler is set: no byte of the body is lost.
        request.pause();
        Optional<MediaType> type = MediaType.parse(request.getHeader("Content-Type"));
        boolean stream = type.filter(each -> STREAMS.contains(each.essence())).isPresent();
        (stream ? streamed : singles).increment();
        if (streams.closing()) {
            Problem.closing(config.retryAfter()).refuse(request);
            return;
        }
        if (!requests.take(routing)) {
            Problem.tooMany().refuse(request);
            return;
        }
        String topic = Optional.ofNullable(routing.pathParam("topic")).orElse(standardTopic);
        Reception reception = receptions.get(topic);
        if (reception == null) {
            Problem.of(404, "No such topic", "this topic is not one of millrace.topics.allowed")
                    .refuse(request);
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
        if (stream) {
            takeStream(request, reception, visit, coding.get());
        } else {
            takeOne(request, reception, visit, type, coding.get());
        }
    }

    private void takeOne(
            HttpServerRequest request,
            Reception reception,
            Visit visit,
            Optional<MediaType> type,
            ContentCoding coding) {
        Names names =
                new Names(Optional.ofNullable(request.getParam("id")), Optional.ofNullable(request.getParam("source")));
        Optional<BodyReader> reader = type.flatMap(each -> forms.reader(each, names));
        if (reader.isEmpty()) {
            Problem.of(
                            415,
                            "Unsupported media type",
                            "send application/x-ndjson (a document per line), or one document as "
                                    + DocumentForms.TAKEN)
                    .refuse(request);
            return;
        }
        askForBody(request);
        new SingleDocument(request, context(), reception, visit, reader.get(), unpacking(coding)).start();
    }

    private Unpacking unpacking(ContentCoding coding) {
        return new Unpacking(coding, config.maxExpansion(), unpackingRoom);
    }

    private void takeStream(HttpServerRequest request, Reception reception, Visit visit, ContentCoding coding) {
        Optional<ReportLevel> level = ReportLevel.parse(request.getParam("report"));
        if (level.isEmpty()) {
            Problem.of(400, "Bad request", "report is all, failures or summary").refuse(request);
            return;
        }
        askForBody(request);
        new DocumentStream(request, context(), reception, visit, unpacking(coding), level.get()).start();
    }

    /// Whoever said that it would wait for this is spared the sending of what is refused before.
    private static void askForBody(HttpServerRequest request) {
        if ("100-continue".equalsIgnoreCase(request.getHeader("Expect"))) {
            request.response().writeContinue();
        }
    }

    private static Context context() {
        return java.util.Objects.requireNonNull(Vertx.currentContext(), "routes run on a Vert.x context");
    }
}
