package dev.millrace.trainer.api;

import dev.millrace.trainer.batch.Untrained;
import dev.millrace.trainer.checkpoint.CheckpointConfig;
import dev.millrace.trainer.ledger.LedgerReader;
import dev.millrace.trainer.ledger.Lineage;
import io.smallrye.common.annotation.Blocking;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.util.List;
import java.util.stream.Collectors;
import org.jboss.resteasy.reactive.RestQuery;
import org.jspecify.annotations.Nullable;

/// `GET /v1/lineage`: which records made a step (`?step=N`), and which steps a record went into
/// (`?partition=P&offset=O`).
@Path("/v1/lineage")
@Produces(MediaType.APPLICATION_JSON)
@Blocking
public class LineageResource {
    /// A record of ordinary size is in a few steps of each epoch.
    private static final int LIMIT = 1000;

    private final LedgerReader ledger;

    LineageResource(CheckpointConfig config) {
        this.ledger = LedgerReader.in(config.directory());
    }

    /// Answers with a list of steps: one, or as many as the record went into, at most 1,000.
    ///
    /// @return 200; 400 where the question is neither of the two; 404 where the ledger has no such step, or no step
    ///     trained on the record, with the reason where it was left out
    @GET
    public Response lineage(
            @RestQuery @Nullable Long step, @RestQuery @Nullable Integer partition, @RestQuery @Nullable Long offset)
            throws IOException {
        if (step != null && partition == null && offset == null) {
            return ledger.step(step)
                    .map(entry -> Response.ok(List.of(entry)).build())
                    .orElseGet(() -> missing("step " + step + " has not begun"));
        }
        if (step == null && partition != null && offset != null) {
            String record = "partition " + partition + " @" + offset;
            return switch (ledger.of(partition, offset, LIMIT)) {
                case Lineage.Trained trained -> Response.ok(trained.steps()).build();
                case Lineage.LeftOut leftOut -> leftOut(record, leftOut);
                case Lineage.Waiting waiting ->
                    missing(record + " was read for step " + waiting.step()
                            + ", and its tokens wait until they fill a window");
                case Lineage.Unknown _ -> missing("no step has trained on " + record);
            };
        }
        return Problem.of(400, "Bad request", "ask with step=N, or with partition=P and offset=O")
                .response();
    }

    private static Response missing(String what) {
        return Problem.of(404, "Not in the ledger", what).response();
    }

    private static Response leftOut(String record, Lineage.LeftOut leftOut) {
        Untrained stretch = leftOut.stretch();
        String why = stretch.why().stream().map(Untrained.Why::words).collect(Collectors.joining(", or "));
        String where = stretch.why().size() == 1 ? "" : " (one of @" + stretch.first() + " to @" + stretch.last() + ")";
        String when = leftOut.step().isPresent()
                ? "for step " + leftOut.step().getAsLong()
                : "behind the last step, at the end of the run,";
        return Problem.of(404, "Not trained", record + where + " was read " + when + " and is not trained: " + why)
                .response();
    }
}
