package dev.millrace.trainer.observe;

import dev.millrace.trainer.train.TrainingState;
import dev.millrace.trainer.train.TrainingStatus;
import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;

/// Alive: the training thread gave a sign within a deadline that follows from its own longest step. Waiting for
/// data is a sign; loading a model is the business of the startup probe.
@Liveness
@ApplicationScoped
class TrainerLiveness implements HealthCheck {
    private final TrainingStatus status;

    TrainerLiveness(TrainingStatus status) {
        this.status = status;
    }

    @Override
    public HealthCheckResponse call() {
        boolean alive = switch (status.state()) {
            case TrainingState.Starting _,
                    TrainingState.Standby _,
                    TrainingState.Connecting _,
                    TrainingState.Finished _ -> true;
            case TrainingState.Training _, TrainingState.Draining _ ->
                status.silence().compareTo(status.allowedSilence()) <= 0;
            case TrainingState.Failed _ -> false;
        };
        return HealthCheckResponse.named("training thread")
                .status(alive)
                .withData("state", status.state().toString())
                .withData("silent for", status.silence().toString())
                .withData("allowed", status.allowedSilence().toString())
                .build();
    }
}
