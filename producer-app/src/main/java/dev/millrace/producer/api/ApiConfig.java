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

    /// Bytes of all requests together that may be held or await the broker; then bodies are read no further.
    @WithDefault("32M")
    MemorySize maxInFlight();

    /// Requests that may bring documents at a time; more are refused. What of their bodies has come and is not
    /// read yet, 64 KiB each at most, is held outside the heap, and is not counted in [#maxInFlight].
    @WithDefault("1024")
    @Min(1)
    int maxRequests();

    /// How many times its packed size a request's body may unpack to; 64 MiB it always may.
    @WithDefault("100")
    @Min(1)
    int maxExpansion();

    /// Bytes that unpacking may take for all requests together, outside the heap; a body that needs more is refused.
    @WithDefault("64M")
    MemorySize maxUnpacking();

    /// A request that waits for so long for that room is refused.
    @WithDefault("10s")
    Duration patience();

    /// The bytes of one document, a line of a stream or a body, that take longer to come are refused.
    @WithDefault("2m")
    Duration bodyTimeout();

    /// When the process ends: how long streams that are open may take to report what they took.
    @WithDefault("20s")
    Duration drainTimeout();

    /// A client that does not read its reports for so long is cut off.
    @WithDefault("30s")
    Duration writeTimeout();

    /// What `Retry-After` says while the broker is away.
    @WithDefault("5s")
    Duration retryAfter();
}
