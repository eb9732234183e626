package dev.millrace.trainer.checkpoint;

import java.util.OptionalLong;

/// Which checkpoints stay.
///
/// @param newest so many of the latest
/// @param every those at steps that are a multiple of it, but for 0, stay for good as well
public record Retention(int newest, OptionalLong every) {
    /// The newest only.
    public static Retention ofNewest(int newest) {
        return new Retention(newest, OptionalLong.empty());
    }

    /// @param rank of the checkpoint, 0 for the latest
    boolean keeps(int rank, long step) {
        return rank < newest || (step > 0 && every.isPresent() && step % every.getAsLong() == 0);
    }
}
