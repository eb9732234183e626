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
import org.jspecify.annotations.Nullable;

/// Which records make a step: enough to name them, and to make the same step again on a topic that has grown since.
///
/// @param partitions what the step takes of each partition, in the order of their first windows
/// @param order the partition of each window, in the order in which they go through the model
/// @param passedOver partitions whose turn came while they stood at their log end, in that order
/// @param turn the partition that gives the next window after this step
/// @param read by partition, the offset up to which records were read for this step, where it moved
/// @param skips ranges that are left out from this step on
/// @param untrained what was read for this step and is not trained, by partition and offset; null where an older
///     version made the step, and did not say
public record Composition(
        List<Stretch> partitions,
        List<Integer> order,
        List<Integer> passedOver,
        int turn,
        SortedMap<Integer, Long> read,
        @JsonInclude(JsonInclude.Include.NON_EMPTY) List<Skip> skips,
        @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable List<Untrained> untrained) {
    public Composition {
        partitions = List.copyOf(partitions);
        order = List.copyOf(order);
        passedOver = List.copyOf(passedOver);
        read = new TreeMap<>(read);
        skips = List.copyOf(skips);
        untrained = untrained == null ? null : List.copyOf(untrained);
    }

    /// The tokens of one partition in a step.
    ///
    /// @param from the first token, an input
    /// @param to where the partition's next window begins: its first token is the last target
    public record Stretch(int partition, int windows, Position from, Position to) {
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
                batch.skips(),
                batch.untrained());
    }

    /// Whether both are of the same tokens, in the same order, and go on at the same place.
    public boolean sameTokens(Composition other) {
        return withoutUntrained().equals(other.withoutUntrained());
    }

    private Composition withoutUntrained() {
        return new Composition(partitions, order, passedOver, turn, read, skips, null);
    }
}
