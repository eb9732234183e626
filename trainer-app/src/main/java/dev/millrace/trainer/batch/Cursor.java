package dev.millrace.trainer.batch;

import java.util.List;

/// How far a run has come on the log: everything that decides which batches follow. Immutable; part of a
/// checkpoint.
///
/// @param epoch the pass that is under way; a partition whose position lies in an earlier one has tokens waiting
///     from there
/// @param turn index into `partitions` of the one that gives the next window
/// @param partitions ascending by number
/// @param counts what was read up to here
public record Cursor(int epoch, int turn, List<PartitionCursor> partitions, Counts counts) {
    public Cursor {
        partitions = List.copyOf(partitions);
        if (partitions.isEmpty()) {
            throw new IllegalArgumentException("a run has at least one partition");
        }
        for (int i = 1; i < partitions.size(); i++) {
            if (partitions.get(i).partition() <= partitions.get(i - 1).partition()) {
                throw new IllegalArgumentException(
                        "partitions must ascend: " + partitions.get(i - 1).partition() + " stands before "
                                + partitions.get(i).partition());
            }
        }
        if (turn < 0 || turn >= partitions.size()) {
            throw new IllegalArgumentException("turn " + turn + " is not one of " + partitions.size() + " partitions");
        }
    }

    /// What has been read from the log so far, in all partitions and epochs.
    ///
    /// @param records records of any kind
    /// @param bytes their values' bytes
    /// @param tokens tokens made of the documents among them
    /// @param rejected bad records
    /// @param duplicates documents whose id was seen before
    /// @param skipped records of a medium that the model cannot use, or of a [Skip]
    public record Counts(long records, long bytes, long tokens, long rejected, long duplicates, long skipped) {
        /// Nothing read yet.
        public static final Counts NONE = new Counts(0, 0, 0, 0, 0, 0);

        Counts read(long moreBytes) {
            return new Counts(records + 1, bytes + moreBytes, tokens, rejected, duplicates, skipped);
        }

        Counts tokens(long more) {
            return new Counts(records, bytes, tokens + more, rejected, duplicates, skipped);
        }

        Counts oneRejected() {
            return new Counts(records, bytes, tokens, rejected + 1, duplicates, skipped);
        }

        Counts oneDuplicate() {
            return new Counts(records, bytes, tokens, rejected, duplicates + 1, skipped);
        }

        Counts oneSkipped() {
            return new Counts(records, bytes, tokens, rejected, duplicates, skipped + 1);
        }
    }
}
