package dev.millrace.producer.publish;

import io.smallrye.config.ConfigMapping;
import java.util.List;
import java.util.Optional;

/// Where documents may go.
@ConfigMapping(prefix = "millrace.topics")
public interface TopicsConfig {
    /// Topics that a request may name, beside that of the channel. None by default.
    Optional<List<String>> allowed();
}
