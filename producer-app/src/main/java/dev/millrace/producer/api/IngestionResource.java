package dev.millrace.producer.api;

import dev.millrace.producer.ingest.IngestionJobs;
import dev.millrace.producer.ingest.IngestionState;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.net.URI;
import java.nio.file.InvalidPathException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// `/v1/ingestions`: files that the server reads itself.
@Path("/v1/ingestions")
@Produces(MediaType.APPLICATION_JSON)
public class IngestionResource {
    private final IngestionJobs jobs;
    private final ApiConfig config;

    IngestionResource(IngestionJobs jobs, ApiConfig config) {
        this.jobs = jobs;
        this.config = config;
    }

    /// An order.
    ///
    /// @param path a file, a directory or a pattern below `millrace.ingest.roots`
    public record Order(@Nullable String path) {}

    /// How an ingestion stands.
    ///
    /// @param status `running`, `done`, `incomplete` (at the end, some documents rejected or refused), `cancelled`,
    ///     `failed`
    /// @param at when it last moved
    public record View(
            String id,
            String path,
            String status,
            String detail,
            long documents,
            long delivered,
            long rejected,
            long failed,
            long bytes,
            String at) {
        static View of(String id, IngestionState state) {
            return new View(
                    id,
                    state.path().toString(),
                    state.phase().text(),
                    state.detail(),
                    state.totals().documents(),
                    state.totals().delivered(),
                    state.totals().rejected(),
                    state.totals().failed(),
                    state.totals().bytes(),
                    state.at().toString());
        }
    }

    @POST
    @Consumes(MediaType.APPLICATION_JSON)
    public Response order(@Nullable Order order) {
        if (order == null || order.path() == null || order.path().isBlank()) {
            return problem(400, "Not an order", "'path' is missing");
        }
        java.nio.file.Path path;
        try {
            path = java.nio.file.Path.of(order.path());
        } catch (InvalidPathException e) {
            return problem(400, "Not an order", "'path' is no path");
        }
        return switch (jobs.order(path)) {
            case IngestionJobs.Order.Taken taken ->
                Response.accepted(View.of(taken.id(), taken.state()))
                        .location(URI.create("/v1/ingestions/" + taken.id()))
                        .build();
            case IngestionJobs.Order.Refused no -> problem(403, "Not to be ingested", no.reason());
            case IngestionJobs.Order.Full full -> later(problem(429, "Too much at once", full.reason()));
            case IngestionJobs.Order.Unavailable away -> later(problem(503, "The broker is away", away.reason()));
        };
    }

    @GET
    public List<View> all() {
        return jobs.all().entrySet().stream()
                .map(entry -> View.of(entry.getKey(), entry.getValue()))
                .toList();
    }

    @GET
    @Path("{id}")
    public Response one(@PathParam("id") String id) {
        return jobs.state(id)
                .map(state -> Response.ok(View.of(id, state)).build())
                .orElseGet(() -> unknown(id));
    }

    @DELETE
    @Path("{id}")
    public Response cancel(@PathParam("id") String id) {
        return switch (jobs.cancel(id)) {
            case IngestionJobs.Cancellation.Written written ->
                Response.accepted(View.of(id, written.state())).build();
            case IngestionJobs.Cancellation.Unknown _ -> unknown(id);
            case IngestionJobs.Cancellation.Unavailable away ->
                later(problem(503, "The broker is away", away.reason()));
        };
    }

    private static Response unknown(String id) {
        return problem(404, "Not known", "there is no ingestion " + id);
    }

    private Response later(Response problem) {
        return Response.fromResponse(problem)
                .header("Retry-After", Math.max(1, config.retryAfter().toSeconds()))
                .build();
    }

    private static Response problem(int status, String title, String detail) {
        return Response.status(status)
                .type("application/problem+json")
                .entity(Problem.of(status, title, detail).json().encode())
                .build();
    }
}
