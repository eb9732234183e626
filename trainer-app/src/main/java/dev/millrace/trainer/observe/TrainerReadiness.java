package dev.millrace.trainer.observe;

import dev.millrace.trainer.intake.DocumentIntake;
import dev.millrace.trainer.train.TrainingState;
import dev.millrace.trainer.train.TrainingStatus;
import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Readiness;

/// Ready: every partition of the run is assigned to this trainer and stands where its state says.
@Readiness
@ApplicationScoped
class TrainerReadiness implements HealthCheck {
    private final TrainingStatus status;
    private final DocumentIntake intake;

    TrainerReadiness(TrainingStatus status, DocumentIntake intake) {
        this.status = status;
        this.intake = intake;
    }

    @Override
    public HealthCheckResponse call() {
        boolean training = status.state() instanceof TrainingState.Training;
        HealthCheckResponseBuilder answer = HealthCheckResponse.named("partitions assigned and offsets restored")
                .status(training && intake.exchange().ready())
                .withData("state", status.state().toString());
        intake.exchange().failure().ifPresent(why -> answer.withData("consumer", why));
        return answer.build();
    }
}
