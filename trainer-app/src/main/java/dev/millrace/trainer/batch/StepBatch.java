package dev.millrace.trainer.batch;

import dev.millrace.trainer.pack.Window;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/// What one optimizer step trains on.
///
/// @param windows in the order in which they go through the model; the last step of a run may have fewer
/// @param passedOver partitions whose turn came while they stood at their log end, in that order
/// @param read by partition, the offset up to which records were read for this step, where it moved
/// @param skips ranges that are left out from this step on
/// @param untrained what was read for it and is not trained
/// @param letters bad records that were found while it was made
/// @param after how far the log has been used once this step is done
public record StepBatch(
        List<Window> windows,
        List<Integer> passedOver,
        Cursor after,
        SortedMap<Integer, Long> read,
        List<Skip> skips,
        List<Untrained> untrained,
        List<DeadLetter> letters) {
    public StepBatch {
        windows = List.copyOf(windows);
        passedOver = List.copyOf(passedOver);
        read = new TreeMap<>(read);
        skips = List.copyOf(skips);
        untrained = List.copyOf(untrained);
        letters = List.copyOf(letters);
    }

    /// Which records make it.
    public Composition composition() {
        return Composition.of(this);
    }

    /// Targets that are trained on, over all windows.
    public long targetCount() {
        return windows.stream().mapToLong(Window::targetCount).sum();
    }
}
