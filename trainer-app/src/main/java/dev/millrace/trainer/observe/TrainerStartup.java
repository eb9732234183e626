package dev.millrace.trainer.observe;

import dev.millrace.trainer.train.TrainingStatus;
import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Startup;

/// Started: engine and model are loaded and the checkpoint is restored. Does not ask for the broker.
@Startup
@ApplicationScoped
class TrainerStartup implements HealthCheck {
    private final TrainingStatus status;

    TrainerStartup(TrainingStatus status) {
        this.status = status;
    }

    @Override
    public HealthCheckResponse call() {
        return HealthCheckResponse.named("model restored")
                .status(status.started())
                .withData("state", status.state().toString())
                .build();
    }
}
