package dev.millrace.trainer.batch;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.millrace.trainer.pack.Position;
import dev.millrace.trainer.pack.Window;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/// Which records make a step: enough to name them, and to make the same step again on a topic that has grown since.
///
/// @param partitions what the step takes of each partition, in the order of their first windows
/// @param order the partition of each window, in the order in which they go through the model
/// @param passedOver partitions whose turn came while they stood at their log end, in that order
/// @param turn the partition that gives the next window after this step
/// @param read by partition, the offset up to which records were read for this step, where it moved
/// @param skips ranges that are left out from this step on
public record Composition(
        List<Stretch> partitions,
        List<Integer> order,
        List<Integer> passedOver,
        int turn,
        SortedMap<Integer, Long> read,
        @JsonInclude(JsonInclude.Include.NON_EMPTY) List<Skip> skips) {
    public Composition {
        partitions = List.copyOf(partitions);
        order = List.copyOf(order);
        passedOver = List.copyOf(passedOver);
        read = new TreeMap<>(read);
        skips = List.copyOf(skips);
    }

    /// The tokens of one partition in a step.
    ///
    /// @param from the first token, an input
    /// @param to where the partition's next window begins: its first token is the last target
    public record Stretch(int partition, int windows, Position from, Position to) {
        /// Whether a token of the record may lie in it. A bad record between others may seem to: the dead letters
        /// know that it is none.
        ///
        /// @param skips the ranges that were left out by then
        /// @param read up to which offset records were read by then: what lies at `to` is a token if it was
        public boolean holds(long offset, List<Skip> skips, long read) {
            for (int epoch = from.epoch(); epoch <= to.epoch(); epoch++) {
                Position at = new Position(epoch, offset, 0);
                boolean after = epoch > from.epoch() || offset >= from.offset();
                boolean before = at.compareTo(to) < 0 || (at.equals(to) && offset < read);
                if (after && before && skips.stream().noneMatch(skip -> skip.holds(partition, at))) {
                    return true;
                }
            }
            return false;
        }

        private Stretch with(Window window) {
            return new Stretch(partition, windows + 1, from, window.end());
        }
    }

    static Composition of(StepBatch batch) {
        Map<Integer, Stretch> stretches = new LinkedHashMap<>();
        List<Integer> order = new ArrayList<>();
        for (Window window : batch.windows()) {
            order.add(window.partition());
            stretches.merge(
                    window.partition(),
                    new Stretch(window.partition(), 1, window.start(), window.end()),
                    (sofar, one) -> sofar.with(window));
        }
        Cursor after = batch.after();
        return new Composition(
                List.copyOf(stretches.values()),
                order,
                batch.passedOver(),
                after.partitions().get(after.turn()).partition(),
                batch.read(),
                batch.skips());
    }
}
