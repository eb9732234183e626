package dev.millrace.producer.observe;

import dev.millrace.producer.publish.DocumentPublisher;
import io.smallrye.common.annotation.Identifier;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/// Ready: the topic can be asked for, within [#PATIENCE]. Start-up and liveness do not depend on the broker: a
/// producer that waits for one is not to be killed.
@Readiness
@ApplicationScoped
class BrokerReadiness implements HealthCheck {
    private static final Duration PATIENCE = Duration.ofMillis(1500);

    private final String topic;
    private final Admin admin;

    BrokerReadiness(
            DocumentPublisher publisher, @Identifier("default-kafka-broker") Map<String, Object> clientSettings) {
        this.topic = publisher.topic();
        Map<String, Object> settings = new HashMap<>(clientSettings);
        settings.put("request.timeout.ms", (int) PATIENCE.toMillis());
        settings.put("default.api.timeout.ms", (int) PATIENCE.toMillis());
        settings.put("client.id", "deepseek-producer-readiness");
        this.admin = Admin.create(settings);
    }

    @Override
    public HealthCheckResponse call() {
        try {
            admin.describeTopics(List.of(topic)).allTopicNames().get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
            return HealthCheckResponse.named("topic " + topic).up().build();
        } catch (ExecutionException e) {
            return down(String.valueOf(e.getCause()));
        } catch (TimeoutException e) {
            return down("no answer within " + PATIENCE.toMillis() + " ms");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return down("interrupted");
        }
    }

    private HealthCheckResponse down(String reason) {
        return HealthCheckResponse.named("topic " + topic)
                .down()
                .withData("reason", reason)
                .build();
    }

    @PreDestroy
    void close() {
        admin.close(Duration.ZERO);
    }
}
