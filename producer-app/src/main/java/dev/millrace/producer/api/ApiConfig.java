package dev.millrace.producer.api;

import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import jakarta.validation.constraints.Min;
import java.time.Duration;

/// Settings of the HTTP boundary.
@ConfigMapping(prefix = "millrace.api")
public interface ApiConfig {
    /// Lines of one request that may await their report; then its body is read no further.
    @WithDefault("4096")
    @Min(1)
    int window();

    /// Value bytes of all requests together that may await the broker; then bodies are read no further.
    @WithDefault("32M")
    MemorySize maxInFlight();

    /// A client that does not read its reports for so long is cut off.
    @WithDefault("30s")
    Duration writeTimeout();

    /// What `Retry-After` says while the broker is away.
    @WithDefault("5s")
    Duration retryAfter();
}
