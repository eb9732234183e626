package dev.millrace.trainer.api;

import ai.djl.Device;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.millrace.trainer.generate.GenerationDesk;
import dev.millrace.trainer.model.ParameterCount;
import dev.millrace.trainer.train.ModelCard;
import dev.millrace.trainer.train.TrainingState;
import dev.millrace.trainer.train.TrainingStatus;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// `GET /v1/model`: what is being trained, and how far it has come.
@Path("/v1/model")
@Produces(MediaType.APPLICATION_JSON)
public class ModelResource {
    private static final Duration LOADING = Duration.ofSeconds(5);

    private final TrainingStatus status;
    private final GenerationDesk desk;

    ModelResource(TrainingStatus status, GenerationDesk desk) {
        this.status = status;
        this.desk = desk;
    }

    /// @param architecture as `architectures` of a `config.json` names it
    /// @param shape the `config.json`, with the hub's keys
    /// @param step of the run, the last one done
    /// @param precision of matrix products
    /// @param checkpoint the last one; none before the first
    /// @param state what the trainer is doing
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    @JsonInclude(JsonInclude.Include.NON_NULL)
    private record Answer(
            String architecture,
            String modelType,
            JsonNode shape,
            ParameterCount parameters,
            long step,
            @Nullable Double loss,
            Tokenizer tokenizer,
            String precision,
            List<String> devices,
            int threads,
            @Nullable Checkpoint checkpoint,
            String state,
            Generation generation) {}

    private record Tokenizer(String directory, int vocabulary, String fingerprint) {}

    private record Checkpoint(long step, String directory) {}

    /// @param maxTokens of a prompt and its continuation together
    /// @param pausedSeconds that training stood still for texts
    @JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
    private record Generation(
            double maxShare, int maxTokens, int waiting, long texts, long tokens, double pausedSeconds) {}

    /// @return 200; 503 before the model is loaded
    @GET
    public Response model() {
        Optional<ModelCard> card = status.model();
        return card.isPresent()
                ? Response.ok(answer(card.get())).build()
                : Problem.retry(503, "No model yet", "this trainer is " + state() + " and has loaded no model", LOADING)
                        .response();
    }

    private Answer answer(ModelCard card) {
        Optional<Checkpoint> written = status.lastCheckpoint()
                .map(report -> new Checkpoint(report.step(), report.directory().toString()));
        Optional<Checkpoint> restored = card.restored()
                .map(from -> new Checkpoint(from.step(), from.directory().toString()));
        return new Answer(
                card.model().architecture(),
                card.model().modelType(),
                card.model().json(),
                ParameterCount.of(card.model()),
                status.totals().step(),
                status.lastStep()
                        .map(step -> step.loss())
                        .filter(Double::isFinite)
                        .orElse(null),
                new Tokenizer(card.tokenizerDirectory().toString(), card.vocabulary(), card.tokenizer()),
                card.precision().name().toLowerCase(Locale.ROOT),
                card.devices().stream().map(Device::toString).toList(),
                card.threads(),
                written.or(() -> restored).orElse(null),
                state(),
                generation(card));
    }

    private Generation generation(ModelCard card) {
        GenerationDesk.Limits limits = desk.limits();
        GenerationDesk.Totals totals = desk.totals();
        return new Generation(
                limits.maxShare(),
                Math.min(limits.maxTokens(), card.model().maxPositions()),
                desk.waiting(),
                totals.texts(),
                totals.tokens(),
                totals.pausedNanos() / 1e9);
    }

    private String state() {
        return switch (status.state()) {
            case TrainingState.Starting _ -> "starting";
            case TrainingState.Standby _ -> "standing by";
            case TrainingState.Connecting _ -> "connecting";
            case TrainingState.Training _ -> "training";
            case TrainingState.Draining _ -> "draining";
            case TrainingState.Finished _ -> "finished";
            case TrainingState.Failed _ -> "failed";
        };
    }
}
