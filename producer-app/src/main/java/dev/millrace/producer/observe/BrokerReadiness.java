package dev.millrace.producer.observe;

import dev.millrace.producer.publish.BrokerCheck;
import dev.millrace.producer.publish.Topics;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/// Ready: the topic can be written to. Start-up and liveness do not depend on the broker: a producer that waits for
/// one is not to be killed.
@Readiness
@ApplicationScoped
class BrokerReadiness implements HealthCheck {
    /// An answer this young is not asked for again.
    private static final Duration AGE = Duration.ofMillis(500);

    private final String topic;
    private final BrokerCheck broker;

    BrokerReadiness(Topics topics, BrokerCheck broker) {
        this.topic = topics.standard();
        this.broker = broker;
    }

    @Override
    public HealthCheckResponse call() {
        return switch (broker.within(AGE)) {
            case BrokerCheck.Availability.Available _ ->
                HealthCheckResponse.named("topic " + topic).up().build();
            case BrokerCheck.Availability.Unavailable no ->
                HealthCheckResponse.named("topic " + topic)
                        .down()
                        .withData("reason", no.reason())
                        .build();
        };
    }
}
