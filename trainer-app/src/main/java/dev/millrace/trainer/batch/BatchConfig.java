package dev.millrace.trainer.batch;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.util.List;
import java.util.Optional;

/// The shape of a training batch.
@ConfigMapping(prefix = "millrace.batch")
public interface BatchConfig {
    /// That a step may have.
    int MOST_MICRO_BATCHES = 1 << 16;

    /// Targets in a window; at most the model's `max_position_embeddings`.
    @WithDefault("512")
    @Min(2)
    @Max(1 << 20)
    int sequenceLength();

    /// Windows that go through the model at once.
    @WithDefault("8")
    @Min(1)
    @Max(1 << 16)
    int microBatch();

    /// Micro-batches whose gradients make one optimizer step.
    @WithDefault("1")
    @Min(1)
    @Max(MOST_MICRO_BATCHES)
    int accumulation();

    /// Other numbers of micro-batches from later steps on, `step:micro-batches`, ascending; steps count from 1.
    Optional<List<String>> ramp();

    /// Whether the documents in a window are kept apart: each token sees those of its own only, and positions
    /// count from the beginning of each. DeepSeek packs without.
    @WithDefault("false")
    boolean documentMask();

    /// Steps prepared ahead of the training thread.
    @WithDefault("4")
    @Min(1)
    @Max(1024)
    int prefetch();
}
