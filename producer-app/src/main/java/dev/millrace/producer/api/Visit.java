package dev.millrace.producer.api;

import dev.millrace.producer.publish.Origin;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;

/// A request that the gate let in.
///
/// @param caller who sent it
/// @param tally of the documents that it brought
/// @param idempotencyKey that names it, so that it may be sent again
/// @param traceparent what it is a part of
record Visit(String caller, Tally tally, Optional<String> idempotencyKey, Optional<String> traceparent) {
    private static final String KEY = Visit.class.getName();
    /// W3C Trace Context, level 1. One of another form is passed over, as that demands.
    private static final Pattern TRACEPARENT =
            Pattern.compile("00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}");

    static void begin(RoutingContext routing, String caller) {
        HttpServerRequest request = routing.request();
        routing.put(
                KEY,
                new Visit(
                        caller,
                        new Tally(),
                        Optional.ofNullable(request.getHeader(IdempotencyKey.HEADER))
                                .flatMap(IdempotencyKey::parse),
                        traceparent(request)));
    }

    /// The span of this request where it has one (`quarkus.otel.sdk.disabled` is false), else what the client sent.
    private static Optional<String> traceparent(HttpServerRequest request) {
        SpanContext span = Span.current().getSpanContext();
        return span.isValid()
                ? Optional.of("00-" + span.getTraceId() + "-" + span.getSpanId() + "-"
                        + span.getTraceFlags().asHex())
                : Optional.ofNullable(request.getHeader("traceparent")).filter(TRACEPARENT.asMatchPredicate());
    }

    static Visit of(RoutingContext routing) {
        return Objects.requireNonNull(routing.get(KEY), "no request passes by the gate");
    }

    /// As far as there is one: none where the caller is not known.
    static Optional<Visit> find(RoutingContext routing) {
        return Optional.ofNullable(routing.get(KEY));
    }

    /// @param topic that the request is for
    /// @param index of a document of this request
    Origin origin(String topic, long index) {
        return new Origin(topic, caller, idempotencyKey, index, traceparent);
    }
}
