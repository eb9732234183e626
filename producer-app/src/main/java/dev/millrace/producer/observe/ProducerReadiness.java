package dev.millrace.producer.observe;

import dev.millrace.producer.publish.DocumentPublisher;
import jakarta.enterprise.context.ApplicationScoped;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Readiness;

/// Ready: the producer of Kafka can send, or another is about to be tried. Liveness does not depend on it: a restart
/// would do no more than that.
@Readiness
@ApplicationScoped
class ProducerReadiness implements HealthCheck {
    private final DocumentPublisher publisher;

    ProducerReadiness(DocumentPublisher publisher) {
        this.publisher = publisher;
    }

    @Override
    public HealthCheckResponse call() {
        HealthCheckResponseBuilder answer = HealthCheckResponse.named("producer");
        return publisher
                .paused()
                .map(reason -> answer.down().withData("reason", reason))
                .orElseGet(answer::up)
                .build();
    }
}
