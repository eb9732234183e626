package dev.millrace.producer.ingest;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/// Settings of ingestions.
@ConfigMapping(prefix = "millrace.ingest")
public interface IngestConfig {
    /// The compacted topic on which it lies how far each file is.
    @WithDefault("deepseek-ingestions")
    String cursorTopic();

    /// Between two transactions: readers of committed records see documents this much later.
    @WithDefault("1s")
    Duration commitInterval();

    /// How long a broker that is away is waited for before the ingestion gives up.
    @WithDefault("2m")
    Duration patience();

    /// Between two progress lines.
    @WithDefault("2s")
    Duration progressInterval();
}
