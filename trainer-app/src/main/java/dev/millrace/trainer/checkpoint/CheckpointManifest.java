package dev.millrace.trainer.checkpoint;

import dev.millrace.trainer.batch.Bounds;
import dev.millrace.trainer.batch.Cursor;
import dev.millrace.trainer.learn.StepHistory;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What a checkpoint is of: beside the weights, everything that decides how the run goes on.
///
/// @param format version of this form
/// @param step steps done, skipped ones included
/// @param optimizerSteps steps that moved the weights (Adam's t)
/// @param targets tokens trained on so far
/// @param loss of the last step, in nats per token
/// @param history of the last steps
/// @param cursor how far the log has been used
/// @param bounds what the run passes over; null where it goes on for ever
/// @param fingerprint the settings that must not change within a run, by name
/// @param files size and SHA-256 of every other file of the checkpoint, by name
public record CheckpointManifest(
        int format,
        long step,
        long optimizerSteps,
        long targets,
        double loss,
        StepHistory history,
        Cursor cursor,
        @Nullable Bounds bounds,
        SortedMap<String, String> fingerprint,
        SortedMap<String, FileDigest> files) {
    /// The version that this code writes, and the only one that it reads.
    public static final int FORMAT = 1;

    public CheckpointManifest {
        if (format != FORMAT) {
            throw new IllegalArgumentException("checkpoint format " + format + " is not " + FORMAT);
        }
        // Checkpoints of before there was one have none.
        history = Objects.requireNonNullElse(history, StepHistory.NONE);
        fingerprint = new TreeMap<>(fingerprint);
        files = new TreeMap<>(files);
    }

    /// What one file holds.
    public record FileDigest(long size, String sha256) {}

    /// A manifest before its files are known.
    public static CheckpointManifest of(
            long step,
            long optimizerSteps,
            long targets,
            double loss,
            StepHistory history,
            Cursor cursor,
            @Nullable Bounds bounds,
            Map<String, String> fingerprint) {
        return new CheckpointManifest(
                FORMAT,
                step,
                optimizerSteps,
                targets,
                loss,
                history,
                cursor,
                bounds,
                new TreeMap<>(fingerprint),
                new TreeMap<>());
    }

    CheckpointManifest withFiles(SortedMap<String, FileDigest> digests) {
        return new CheckpointManifest(
                format, step, optimizerSteps, targets, loss, history, cursor, bounds, fingerprint, digests);
    }
}
