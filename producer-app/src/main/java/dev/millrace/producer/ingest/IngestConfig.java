package dev.millrace.producer.ingest;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import jakarta.validation.constraints.Min;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

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

    /// Directories below which paths may lie that are ordered over HTTP. Without any, none can be.
    Optional<List<Path>> roots();

    /// Ingestions that a server runs at the same time.
    @WithDefault("2")
    @Min(1)
    int concurrent();

    /// Ingestions that may wait for that; further orders are refused.
    @WithDefault("100")
    @Min(0)
    int waiting();

    /// An ingestion of a server that was silent for so long is taken over by another.
    @WithDefault("1m")
    Duration takeoverAfter();

    /// At the end of a server, for its ingestions to commit what they read.
    @WithDefault("20s")
    Duration stopTimeout();

    /// The column of a Parquet file that holds the texts.
    @WithDefault("text")
    String textColumn();

    /// The column of a Parquet file that holds the ids of documents: strings or whole numbers, which name a document
    /// over all files, for of two of one name the trainer takes the first. Without it they have none.
    Optional<String> idColumn();

    /// Whether the images and sounds of WebDataset samples are taken, too; else only their texts.
    @WithDefault("true")
    boolean media();

    /// Between two progress lines.
    @WithDefault("2s")
    Duration progressInterval();
}
