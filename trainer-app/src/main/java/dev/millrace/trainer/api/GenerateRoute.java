package dev.millrace.trainer.api;

import dev.millrace.trainer.generate.GenerationDesk;
import dev.millrace.trainer.generate.NotServingException;
import dev.millrace.trainer.generate.Submission;
import dev.millrace.trainer.generate.Written;
import dev.millrace.trainer.train.GenerateConfig;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// `POST /v1/generate`: what the model that is being trained says after a prompt, whole or as events
/// (see [Reply.Events]) while it is written.
///
/// Written by the training thread between two steps, within its share of the time (`millrace.generate.max-share`).
/// The same prompt, settings and seed give the same text at the same step. A client that goes away takes its prompt
/// back: a text that is being written ends with its next token.
///
/// Answers 200; 400 what is asked for cannot be; 403 no texts are written here; 413 it has more tokens than may be; 429
/// as many wait as may; 503 nobody writes yet, any more, or in time; 500 libtorch failed.
///
/// On the router, not a REST resource: whether the answer is a problem or events is only known when it begins.
@Singleton
final class GenerateRoute {
    private static final Logger LOG = Logger.getLogger(GenerateRoute.class);
    static final String PATH = "/v1/generate";
    private static final Duration LOADING = Duration.ofSeconds(5);
    /// Of a body: a prompt of as many characters as may be, each of them escaped, and the rest.
    private static final long MOST_BYTES = 1 << 19;

    private final GenerationDesk desk;
    private final GenerateConfig config;

    GenerateRoute(GenerationDesk desk, GenerateConfig config) {
        this.desk = desk;
        this.config = config;
    }

    void register(@Observes Router router) {
        router.route(HttpMethod.POST, PATH)
                .handler(BodyHandler.create(false).setBodyLimit(MOST_BYTES))
                .handler(this::take)
                .failureHandler(this::refuseBody);
        router.route(PATH).handler(exchange -> {
            exchange.response().putHeader("Allow", "POST");
            Problem.of(405, "Method not allowed", "a prompt is taken by POST").answer(exchange.response());
        });
    }

    private void refuseBody(RoutingContext exchange) {
        if (exchange.statusCode() == 413) {
            Problem.of(413, "Too long", "the body has more than " + MOST_BYTES + " bytes")
                    .answer(exchange.response());
        } else {
            exchange.next();
        }
    }

    private void take(RoutingContext exchange) {
        HttpServerResponse response = exchange.response();
        if (config.maxShare() == 0) {
            Problem.of(403, "No texts", "millrace.generate.max-share is 0").answer(response);
            return;
        }
        GenerateRequest request;
        try {
            @Nullable Buffer body = exchange.body().buffer();
            request = GenerateRequest.parse(body == null ? new byte[0] : body.getBytes());
        } catch (IllegalArgumentException e) {
            Problem.of(400, "Bad request", String.valueOf(e.getMessage())).answer(response);
            return;
        }
        long seed = request.sampling().seed();
        if (request.stream().orElseGet(() -> prefersEvents(exchange))) {
            Reply.Events events = new Reply.Events(response, seed);
            Context context = context();
            submit(exchange, request, events, Optional.of(piece -> context.runOnContext(_ -> events.piece(piece))));
        } else {
            submit(exchange, request, new Reply.Whole(response, seed), Optional.empty());
        }
    }

    private static boolean prefersEvents(RoutingContext exchange) {
        String accepted =
                String.join(",", exchange.request().headers().getAll("Accept")).toLowerCase(Locale.ROOT);
        return accepted.contains("text/event-stream") && !accepted.contains("application/json");
    }

    /// On a worker: a long prompt takes its time to become tokens.
    private void submit(
            RoutingContext exchange, GenerateRequest request, Reply reply, Optional<Consumer<String>> listener) {
        exchange.vertx()
                .executeBlocking(() -> desk.submit(request.prompt(), request.sampling(), listener), false)
                .onSuccess(submission -> await(exchange, submission, reply))
                .onFailure(thrown -> reply.fail(failure(thrown)));
    }

    private void await(RoutingContext exchange, Submission submission, Reply reply) {
        switch (submission) {
            case Submission.Accepted accepted -> await(exchange, accepted.written(), reply);
            case Submission.Empty _ -> reply.fail(Problem.of(400, "Bad request", "prompt has no token"));
            case Submission.TooLong much ->
                reply.fail(Problem.of(
                        413,
                        "Too long",
                        "the prompt has " + much.promptTokens() + " tokens, max_tokens is " + much.maxTokens()
                                + ": together they may be at most " + much.limit()));
            case Submission.Busy busy ->
                reply.fail(Problem.retry(
                        429,
                        "Too many wait",
                        busy.waiting() + " prompts wait already (millrace.generate.waiting)",
                        busy.retryAfter()));
            case Submission.NotServing not -> reply.fail(Problem.retry(503, "Nobody writes", not.why(), LOADING));
        }
    }

    private void await(RoutingContext exchange, CompletableFuture<Written> written, Reply reply) {
        exchange.addEndHandler(_ -> written.cancel(false));
        if (reply.over()) {
            written.cancel(false);
        }
        Context context = context();
        var _ = written.orTimeout(config.patience().toNanos(), TimeUnit.NANOSECONDS)
                .whenComplete((text, thrown) -> context.runOnContext(_ -> {
                    if (text == null) {
                        reply.fail(failure(thrown));
                    } else {
                        reply.done(text);
                    }
                }));
    }

    private Problem failure(Throwable thrown) {
        return switch (thrown) {
            case TimeoutException _ ->
                Problem.retry(
                        503,
                        "Not in time",
                        "training left no time for this text within millrace.generate.patience = " + config.patience(),
                        desk.backlog());
            case NotServingException gone -> Problem.of(503, "Nobody writes", String.valueOf(gone.getMessage()));
            // The client has gone: nobody reads it.
            case CancellationException _ -> Problem.of(503, "Taken back", "the prompt was taken back");
            default -> {
                LOG.error("a text could not be written", thrown);
                yield Problem.of(500, "Failed", String.valueOf(thrown.getMessage()));
            }
        };
    }

    private static Context context() {
        return Objects.requireNonNull(Vertx.currentContext(), "routes run on a Vert.x context");
    }
}
