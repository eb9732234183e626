package dev.millrace.producer.api;

import dev.millrace.producer.access.Access;
import dev.millrace.producer.access.AuditLog;
import dev.millrace.producer.access.Role;
import dev.millrace.producer.access.Verdict;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.SocketAddress;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/// Ahead of every route: asks who sends a request and whether that is allowed, and writes down what came of it.
///
/// Probes, metrics and the description of the interface, `/q/…`, are for anyone who reaches the port. Documents need
/// the role `ingest`. All else needs `admin`, paths that nobody serves included: a way of writing a path that only
/// the router behind knows gains nothing.
@Singleton
final class Gate {
    /// After the filters of Quarkus, which find the credentials, and ahead of every route.
    private static final int ORDER = -50;

    private static final Set<HttpMethod> READING = Set.of(HttpMethod.GET, HttpMethod.HEAD);

    private final Access access;
    private final AuditLog audit;
    private final ApiConfig config;

    Gate(Access access, AuditLog audit, ApiConfig config) {
        this.access = access;
        this.audit = audit;
        this.config = config;
    }

    void register(@Observes Router router) {
        router.route().order(ORDER).handler(this::ask);
    }

    private void ask(RoutingContext routing) {
        String path = routing.normalizedPath();
        if (path.equals("/q") || path.startsWith("/q/")) {
            routing.next();
            return;
        }
        if (audit.isWritten()) {
            routing.addEndHandler(_ -> writeDown(routing));
        }
        if (access.open()) {
            Visit.begin(routing, Access.ANYONE);
            routing.next();
            return;
        }
        HttpServerRequest request = routing.request();
        // No byte of the body is lost while the issuer of tokens is asked.
        request.pause();
        Context context = Objects.requireNonNull(Vertx.currentContext(), "routes run on a Vert.x context");
        access.admit(routing, needed(path)).subscribe().with(verdict -> {
            if (context.equals(Vertx.currentContext())) {
                act(routing, verdict);
            } else {
                context.runOnContext(_ -> act(routing, verdict));
            }
        });
    }

    private static Role needed(String path) {
        // The router takes a slash at the end for nothing.
        String plain = path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
        boolean documents =
                plain.equals("/v1/documents") || plain.startsWith("/v1/topics/") || plain.equals("/v1/schema");
        return documents ? Role.INGEST : Role.ADMIN;
    }

    private void act(RoutingContext routing, Verdict verdict) {
        if (routing.response().closed()) {
            // Its client went away while the issuer was asked.
            return;
        }
        switch (verdict) {
            case Verdict.Admitted in -> {
                Visit.begin(routing, in.caller());
                routing.request().resume();
                routing.next();
            }
            case Verdict.Unknown who -> {
                routing.response().putHeader("WWW-Authenticate", access.challenge());
                Problem.of(401, "Who are you?", who.reason()).refuse(routing.request());
            }
            case Verdict.Forbidden no -> {
                Visit.begin(routing, no.caller());
                Problem.of(
                                403,
                                "Not allowed",
                                "this takes the role " + no.needed().text())
                        .refuse(routing.request());
            }
            case Verdict.Undecided open ->
                new Problem(
                                503,
                                "Callers cannot be told",
                                open.reason(),
                                Optional.of(config.retryAfter()),
                                new JsonObject())
                        .refuse(routing.request());
        }
    }

    private void writeDown(RoutingContext routing) {
        HttpServerRequest request = routing.request();
        // Not what the end handler is told: where a route listens for a client that is gone, that is told of success.
        HttpServerResponse response = routing.response();
        boolean brokenOff = !response.ended();
        OptionalInt status = response.headWritten() ? OptionalInt.of(response.getStatusCode()) : OptionalInt.empty();
        boolean refused = response.getStatusCode() == 401 || response.getStatusCode() == 403;
        if (READING.contains(request.method()) && !refused) {
            return;
        }
        Optional<Visit> visit = Visit.find(routing);
        String caller = visit.map(Visit::caller).orElse("");
        SocketAddress address = request.remoteAddress();
        String from = address == null ? "?" : String.valueOf(address.hostAddress());
        String method = request.method().name();
        String path = String.valueOf(request.path());
        String end = brokenOff ? " broken-off" : "";
        // Of a client that went away, documents may be on their way: the line waits until their fate is known.
        visit.map(Visit::tally)
                .ifPresentOrElse(
                        tally -> tally.whenWhole(
                                () -> audit.write(caller, from, method, path, status, tally.text() + end)),
                        () -> audit.write(caller, from, method, path, status, end));
    }
}
