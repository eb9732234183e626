package dev.millrace.trainer.checkpoint;

import java.nio.file.Path;

/// A checkpoint that was read and found whole.
///
/// @param directory a Hugging Face model directory with the optimizer's state and the manifest beside the weights
public record Checkpoint(Path directory, CheckpointManifest manifest) {}
