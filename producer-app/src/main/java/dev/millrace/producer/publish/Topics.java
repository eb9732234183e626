package dev.millrace.producer.publish;

import io.quarkus.runtime.Startup;
import jakarta.inject.Singleton;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.SequencedSet;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.internals.Topic;
import org.eclipse.microprofile.config.Config;

/// The topics that documents may go to: that of the channel `documents`, and those that the settings allow.
@Singleton
@Startup
public final class Topics {
    private final String standard;
    private final SequencedSet<String> names = new LinkedHashSet<>();

    /// @throws IllegalStateException naming the setting that holds what is no topic's name
    Topics(TopicsConfig config, Config settings) {
        this.standard = DocumentPublisher.topic(settings);
        names.add(standard);
        for (String name : config.allowed().orElse(List.of())) {
            try {
                Topic.validate(name);
            } catch (InvalidTopicException e) {
                throw new IllegalStateException("millrace.topics.allowed: " + e.getMessage(), e);
            }
            names.add(name);
        }
    }

    /// Where documents go that no topic is named for.
    public String standard() {
        return standard;
    }

    /// All of them.
    public Iterable<String> names() {
        return names;
    }
}
