package dev.millrace.trainer.intake;

import io.smallrye.reactive.messaging.ClientCustomizer;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.eclipse.microprofile.config.Config;

/// Gives the consumer of the channel the `group.instance.id` that [IntakeConfig#instanceId] names.
///
/// Not a property of the channel: where it is not set, there must be none, and an empty one is refused by Kafka.
@ApplicationScoped
class StaticMembership implements ClientCustomizer<Map<String, Object>> {
    private final IntakeConfig config;

    StaticMembership(IntakeConfig config) {
        this.config = config;
    }

    @Override
    public Map<String, Object> customize(String channel, Config channelConfig, Map<String, Object> settings) {
        if (channel.equals(DocumentIntake.CHANNEL)) {
            config.instanceId().ifPresent(id -> settings.put(ConsumerConfig.GROUP_INSTANCE_ID_CONFIG, id));
        }
        return settings;
    }
}
