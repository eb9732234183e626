package dev.millrace.trainer.api;

import dev.millrace.trainer.checkpoint.CheckpointConfig;
import dev.millrace.trainer.ledger.LedgerEntry;
import dev.millrace.trainer.ledger.LedgerReader;
import io.smallrye.common.annotation.Blocking;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.io.IOException;
import java.util.List;
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
    /// @return 200; 400 where the question is neither of the two; 404 where the ledger has no such step or record
    @GET
    public Response lineage(
            @RestQuery @Nullable Long step, @RestQuery @Nullable Integer partition, @RestQuery @Nullable Long offset)
            throws IOException {
        if (step != null && partition == null && offset == null) {
            return answer(ledger.step(step).stream().toList(), "step " + step + " has not begun");
        }
        if (step == null && partition != null && offset != null) {
            return answer(
                    ledger.holding(partition, offset, LIMIT),
                    "no step has trained on partition " + partition + " @" + offset);
        }
        return Problem.of(400, "Bad request", "ask with step=N, or with partition=P and offset=O")
                .response();
    }

    private static Response answer(List<LedgerEntry> entries, String missing) {
        return entries.isEmpty()
                ? Problem.of(404, "Not in the ledger", missing).response()
                : Response.ok(entries).build();
    }
}
