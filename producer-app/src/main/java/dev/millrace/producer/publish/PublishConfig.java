package dev.millrace.producer.publish;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;

/// What is remembered of documents that were sent, by each replica for itself.
@ConfigMapping(prefix = "millrace.publish")
public interface PublishConfig {
    /// Documents with an `id` or under an `Idempotency-Key` whose answer is remembered, so that a retry is not sent
    /// again; about 200 bytes each. 0: none.
    @WithDefault("100000")
    @Min(0)
    @Max(10_000_000)
    int retryWindow();

    /// Documents whose text is remembered, so that the same text is not sent again; about 200 bytes each. 0: none.
    @WithDefault("0")
    @Min(0)
    @Max(10_000_000)
    int duplicateWindow();
}
