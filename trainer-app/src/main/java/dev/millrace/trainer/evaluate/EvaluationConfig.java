package dev.millrace.trainer.evaluate;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// Settings of the evaluation on held-out text. With neither files nor a topic there is none.
@ConfigMapping(prefix = "millrace.evaluation")
public interface EvaluationConfig {
    /// Files of held-out text, in their order: `.jsonl` and `.ndjson` hold a document a line, as on the topic,
    /// any other is one document.
    Optional<List<Path>> files();

    /// A topic of held-out documents, read when the trainer starts, its partitions in ascending order.
    Optional<String> topic();

    /// Tokens that are evaluated at most: whole documents, as many as there is room for.
    @WithDefault("100000")
    @Min(2)
    @Max(100_000_000)
    int maxTokens();

    /// Evaluate after each so many-th checkpoint, and after the last of a run.
    @WithDefault("1")
    @Min(1)
    int everyCheckpoints();
}
