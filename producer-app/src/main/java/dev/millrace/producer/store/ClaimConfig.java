package dev.millrace.producer.store;

import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.util.Optional;

/// Where media go that are too large for the log.
@ConfigMapping(prefix = "millrace.claim")
public interface ClaimConfig {
    /// The directory of the store, which all replicas may share. It must be there. Without it such media are refused.
    Optional<Path> directory();

    /// Bytes of one body whose media go to the store: a medium, or text and media together.
    @WithDefault("1G")
    MemorySize maxSize();
}
