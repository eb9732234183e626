package dev.millrace.trainer.api;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.millrace.trainer.generate.GenerationDesk;
import dev.millrace.trainer.generate.NotServingException;
import dev.millrace.trainer.generate.Submission;
import dev.millrace.trainer.generate.Written;
import dev.millrace.trainer.train.GenerateConfig;
import io.smallrye.common.annotation.Blocking;
import io.vertx.ext.web.RoutingContext;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.Context;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jboss.logging.Logger;

/// `POST /v1/generate`: what the model that is being trained says after a prompt.
///
/// Written by the training thread between two steps, within its share of the time (`millrace.generate.max-share`).
/// The same prompt, settings and seed give the same text at the same step.
@Path("/v1/generate")
@Produces(MediaType.APPLICATION_JSON)
public class GenerateResource {
    private static final Logger LOG = Logger.getLogger(GenerateResource.class);
    private static final Duration LOADING = Duration.ofSeconds(5);

    private final GenerationDesk desk;
    private final GenerateConfig config;

    GenerateResource(GenerationDesk desk, GenerateConfig config) {
        this.desk = desk;
        this.config = config;
    }

    /// @param finish `stop` (the model ended it), `length` (`max_tokens`) or `cut` (`millrace.generate.max-pause`)
    /// @param step whose weights wrote the text
    /// @param seed that gives it again
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    private record Answer(
            String text,
            String finish,
            long step,
            long seed,
            int promptTokens,
            int generatedTokens,
            double waitedSeconds,
            double tookSeconds) {
        private static Answer of(Written written, long seed) {
            return new Answer(
                    written.text(),
                    written.ending().name().toLowerCase(Locale.ROOT),
                    written.step(),
                    seed,
                    written.promptTokens(),
                    written.tokens(),
                    written.waited().toNanos() / 1e9,
                    written.took().toNanos() / 1e9);
        }
    }

    /// Answers when the text is written. A client that goes away takes its prompt back.
    ///
    /// @param body see [GenerateRequest]
    /// @return 200; 400 what is asked for cannot be; 403 no texts are written here; 413 it has more tokens than may
    ///     be; 429 as many wait as may; 503 nobody writes yet, any more, or in time; 500 libtorch failed
    @POST
    @Blocking
    public CompletionStage<Response> generate(byte[] body, @Context RoutingContext exchange) {
        if (config.maxShare() == 0) {
            return done(Problem.of(403, "No texts", "millrace.generate.max-share is 0"));
        }
        GenerateRequest request;
        try {
            request = GenerateRequest.parse(body);
        } catch (IllegalArgumentException e) {
            return done(Problem.of(400, "Bad request", String.valueOf(e.getMessage())));
        }
        long seed = request.sampling().seed();
        return switch (desk.submit(request.prompt(), request.sampling())) {
            case Submission.Accepted accepted -> {
                CompletableFuture<Written> written = accepted.written();
                var _ = exchange.addEndHandler(_ -> written.cancel(false));
                yield written.orTimeout(config.patience().toNanos(), TimeUnit.NANOSECONDS)
                        .thenApply(text -> Response.ok(Answer.of(text, seed)).build())
                        .exceptionally(this::failed);
            }
            case Submission.Empty _ -> done(Problem.of(400, "Bad request", "prompt has no token"));
            case Submission.TooLong much ->
                done(Problem.of(
                        413,
                        "Too long",
                        "the prompt has " + much.promptTokens() + " tokens, max_tokens is " + much.maxTokens()
                                + ": together they may be at most " + much.limit()));
            case Submission.Busy busy ->
                done(Problem.retry(
                        429,
                        "Too many wait",
                        busy.waiting() + " prompts wait already (millrace.generate.waiting)",
                        busy.retryAfter()));
            case Submission.NotServing not -> done(Problem.retry(503, "Nobody writes", not.why(), LOADING));
        };
    }

    private Response failed(Throwable thrown) {
        Throwable cause =
                thrown instanceof CompletionException && thrown.getCause() != null ? thrown.getCause() : thrown;
        return switch (cause) {
            case TimeoutException _ ->
                Problem.retry(
                                503,
                                "Not in time",
                                "training left no time for this text within millrace.generate.patience = "
                                        + config.patience(),
                                desk.backlog())
                        .response();
            case NotServingException gone ->
                Problem.of(503, "Nobody writes", String.valueOf(gone.getMessage()))
                        .response();
            default -> {
                LOG.error("a text could not be written", cause);
                yield Problem.of(500, "Failed", String.valueOf(cause.getMessage()))
                        .response();
            }
        };
    }

    private static CompletionStage<Response> done(Problem problem) {
        return CompletableFuture.completedStage(problem.response());
    }
}
