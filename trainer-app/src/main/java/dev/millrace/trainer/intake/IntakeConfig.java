package dev.millrace.trainer.intake;

import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// Settings of the way in.
@ConfigMapping(prefix = "millrace.intake")
public interface IntakeConfig {
    /// Record bytes held per partition at which that partition alone is paused. What the consumer had already
    /// fetched may still come on top: at most three polls.
    @WithDefault("16M")
    MemorySize highWatermark();

    /// Record bytes held per partition at which a paused partition is resumed; below the high watermark.
    @WithDefault("8M")
    MemorySize lowWatermark();

    /// A record with a larger value is bad.
    @WithDefault("8M")
    MemorySize maxRecordSize();

    /// So many bad records of one partition in a row, with no good one between, stop the training: then it is not a
    /// record that is wrong but the topic.
    @WithDefault("100")
    @Min(1)
    int maxConsecutiveBad();

    /// Ids of the last documents, per partition, that a document is held against: one whose client gave the same
    /// id is trained once. 0 trains every document.
    @WithDefault("100000")
    @Min(0)
    @Max(10_000_000)
    int duplicateWindow();

    /// Records to leave out, as `partition:first-last` in offsets, both included: from the next new step on. The
    /// ledger keeps what was left out; a range that is no longer named here stays out.
    Optional<List<String>> skip();

    /// How often the consumer's positions and lags are read.
    @WithDefault("100ms")
    Duration positionInterval();

    /// Kafka's `group.instance.id` of the consumer: with it, a trainer that is started again within the session
    /// time-out has its partitions back at once. Two live trainers must not have the same one. None by default.
    Optional<String> instanceId();
}
