package dev.millrace.trainer.batch;

import java.util.SortedMap;
import java.util.TreeMap;

/// The stretch of the log that a run of so many epochs passes over, captured once when the run began.
///
/// @param epochs how many passes, at least 1
/// @param ranges per partition
public record Bounds(int epochs, SortedMap<Integer, Stretch> ranges) {
    public Bounds {
        if (epochs < 1) {
            throw new IllegalArgumentException("millrace.train.epochs must be at least 1, not " + epochs);
        }
        ranges = new TreeMap<>(ranges);
    }

    /// @param first the first offset of each pass
    /// @param end the offset after the last record; equal to `first` where the partition was empty
    public record Stretch(long first, long end) {
        public Stretch {
            if (first < 0 || end < first) {
                throw new IllegalArgumentException("no stretch of a log: from " + first + " to " + end);
            }
        }
    }

    /// The stretch of one partition.
    public Stretch of(int partition) {
        Stretch stretch = ranges.get(partition);
        if (stretch == null) {
            throw new IllegalArgumentException(
                    "partition " + partition + " has no bounds; known are " + ranges.keySet());
        }
        return stretch;
    }
}
