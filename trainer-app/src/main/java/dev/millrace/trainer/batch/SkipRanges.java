package dev.millrace.trainer.batch;

import dev.millrace.trainer.pack.Position;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;

/// The ranges that a run leaves out: those that it has begun to leave out, and those that it is asked to.
///
/// Not thread-safe: the preparing thread owns it.
public final class SkipRanges {
    private final List<Skip> begun;
    private final List<Skip.Range> asked;

    /// @param begun with the steps up to where the run goes on; they stay, asked for or not
    /// @param asked begin with the first step that has not been made before
    public SkipRanges(List<Skip> begun, List<Skip.Range> asked) {
        this.begun = new ArrayList<>(begun);
        this.asked = asked.stream().distinct().toList();
    }

    /// Begins what was asked for and has not begun.
    ///
    /// @param read by partition, the place up to which it has been read
    /// @throws IllegalArgumentException where a partition is none of the run's
    List<Skip> begin(SortedMap<Integer, Position> read) {
        List<Skip> fresh = new ArrayList<>();
        for (Skip.Range range : asked) {
            if (begun.stream().noneMatch(skip -> skip.range().equals(range))) {
                Position from = read.get(range.partition());
                if (from == null) {
                    throw new IllegalArgumentException("millrace.intake.skip names partition " + range.partition()
                            + ", the run has " + read.keySet());
                }
                fresh.add(new Skip(range, from));
            }
        }
        begun.addAll(fresh);
        return fresh;
    }

    /// Begins what came with a step that is made again.
    void beginAgain(List<Skip> recorded) {
        begun.addAll(recorded);
    }

    boolean hold(int partition, Position at) {
        return begun.stream().anyMatch(skip -> skip.holds(partition, at));
    }
}
