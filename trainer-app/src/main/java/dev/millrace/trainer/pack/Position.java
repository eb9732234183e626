package dev.millrace.trainer.pack;

/// Where the next window of a partition begins: the whole packing state of that partition.
///
/// @param epoch which pass over the partition, from 0
/// @param offset the record that holds the first token of the next window, or the next record to read where no
///     token is waiting
/// @param token index of that first token in the record's tokens, BOS included
public record Position(int epoch, long offset, int token) implements Comparable<Position> {
    public Position {
        if (epoch < 0 || offset < 0 || token < 0) {
            throw new IllegalArgumentException(
                    "a position has no negative part: epoch " + epoch + ", offset " + offset + ", token " + token);
        }
    }

    /// The start of a pass at `offset`.
    public static Position startingAt(long offset) {
        return new Position(0, offset, 0);
    }

    @Override
    public int compareTo(Position other) {
        if (epoch != other.epoch) {
            return Integer.compare(epoch, other.epoch);
        }
        return offset != other.offset ? Long.compare(offset, other.offset) : Integer.compare(token, other.token);
    }

    @Override
    public String toString() {
        return "epoch " + epoch + " offset " + offset + " token " + token;
    }
}
