package dev.millrace.trainer.checkpoint;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import jakarta.validation.constraints.Min;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/// Settings of the durable state.
@ConfigMapping(prefix = "millrace.checkpoint")
public interface CheckpointConfig {
    /// Where the checkpoints of one run lie. A run has a directory of its own.
    Path directory();

    /// Whether a trainer that finds the directory held by another waits to take the run over; otherwise it ends.
    @WithDefault("true")
    boolean standby();

    /// A checkpoint of another run, whose directory holds that run's ledger: this run begins with it and makes
    /// the same steps again. Nothing is published. Only for a directory without checkpoints.
    Optional<Path> replayFrom();

    /// Settings, by name, that the run may go on with although it was begun with others. The ledger tells from which
    /// step on.
    Optional<Set<String>> acceptChanged();

    /// Steps between two checkpoints.
    @WithDefault("100")
    @Min(1)
    long everySteps();

    /// Whether training goes on while a checkpoint is written. It then needs the learner's state twice on the host.
    @WithDefault("true")
    boolean asynchronous();

    /// How many checkpoints stay; at least two, so that a damaged one has one before it.
    @WithDefault("3")
    @Min(2)
    int keep();

    /// Steps: the checkpoints at its multiples stay for good, beside the latest.
    @Min(1)
    OptionalLong keepEvery();
}
