package dev.millrace.producer.access;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.util.List;
import java.util.Optional;

/// Who may use the HTTP boundary. Bearer tokens are Quarkus' own settings, `quarkus.oidc.…`.
@ConfigMapping(prefix = "millrace.security")
public interface SecurityConfig {
    /// `NAME:ROLE:HASH` each: who holds the key, `ingest` or `admin`, and the SHA-256 of the key in hex. A name may
    /// stand twice, so that a key can be changed for another one while both are good.
    Optional<List<String>> apiKeys();

    /// Whether a server without keys and without OIDC refuses to start, rather than to serve anyone.
    @WithDefault("false")
    boolean required();

    /// Whether each request that brings or changes something, and each that is refused, has a line in the log
    /// category `dev.millrace.producer.audit`. An open server has nobody to name, and writes none.
    @WithDefault("true")
    boolean audit();
}
