package dev.millrace.trainer.batch;

import dev.millrace.trainer.pack.Position;

/// How far one partition has been trained.
///
/// @param partition its number
/// @param position where its next window begins
/// @param examined epoch and offset (token 0) below which every bad record has been sent to the dead letters
/// @param check of the record at the position, once it was read: length and CRC-32C of its value; 0 before
/// @param done whether nothing of it is left in this run
public record PartitionCursor(int partition, Position position, Position examined, long check, boolean done) {
    /// The beginning of a partition whose first offset is `start`.
    public static PartitionCursor startingAt(int partition, long start) {
        return new PartitionCursor(partition, Position.startingAt(start), Position.startingAt(start), 0, false);
    }
}
