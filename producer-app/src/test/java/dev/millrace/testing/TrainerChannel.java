package dev.millrace.testing;

import java.util.HashMap;
import java.util.Map;

/// How the trainer's channel reads, for those who read like it: beside the trainer's settings, which its tests hold
/// this against.
public final class TrainerChannel {
    /// What the channel does not leave to Kafka's client.
    public static final Map<String, String> SETTINGS =
            Map.of("isolation.level", "read_committed", "max.partition.fetch.bytes", Integer.toString(2 << 20));

    private TrainerChannel() {}

    /// Of a consumer.
    public static Map<String, Object> settings(String bootstrapServers) {
        Map<String, Object> settings = new HashMap<>(SETTINGS);
        settings.put("bootstrap.servers", bootstrapServers);
        return settings;
    }
}
