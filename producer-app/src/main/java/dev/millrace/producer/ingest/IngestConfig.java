package dev.millrace.producer.ingest;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import jakarta.validation.constraints.Min;
import java.nio.file.Path;
import java.time.Duration;

/// Settings of `ingest PATH…`.
@ConfigMapping(prefix = "millrace.ingest")
public interface IngestConfig {
    /// Where the cursors of files lie: how far each is on the log.
    @WithDefault(".millrace/ingest")
    Path stateDirectory();

    /// Documents that may await the broker.
    @WithDefault("8192")
    @Min(1)
    int window();

    /// How long a broker that is away is waited for before the ingestion gives up.
    @WithDefault("2m")
    Duration patience();

    /// Between two progress lines, and two writes of the cursor.
    @WithDefault("2s")
    Duration progressInterval();
}
