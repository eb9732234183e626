package dev.millrace.trainer.api;

import dev.millrace.trainer.train.TrainingStatus;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.util.Optional;

/// `GET /v1/evaluation`: what the model last made of held-out text.
@Path("/v1/evaluation")
@Produces(MediaType.APPLICATION_JSON)
public class EvaluationResource {
    private final TrainingStatus status;

    EvaluationResource(TrainingStatus status) {
        this.status = status;
    }

    /// Answers with step, time and result.
    ///
    /// @return 200; 404 where this process has not evaluated yet
    @GET
    public Response evaluation() {
        Optional<TrainingStatus.EvaluationReport> last = status.lastEvaluation();
        return last.isPresent()
                ? Response.ok(last.get()).build()
                : Problem.of(
                                404,
                                "Not evaluated",
                                "this process has not evaluated: it does after a checkpoint, where"
                                        + " millrace.evaluation.files or .topic name what on")
                        .response();
    }
}
