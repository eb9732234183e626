package dev.millrace.trainer.batch;

import dev.millrace.trainer.pack.Window;
import java.util.List;

/// What one optimizer step trains on.
///
/// @param windows in the order in which they go through the model; the last step of a run may have fewer
/// @param passedOver partitions whose turn came while they stood at their log end, in that order
/// @param after how far the log has been used once this step is done
public record StepBatch(List<Window> windows, List<Integer> passedOver, Cursor after) {
    public StepBatch {
        windows = List.copyOf(windows);
        passedOver = List.copyOf(passedOver);
    }

    /// Targets that are trained on, over all windows.
    public long targetCount() {
        return windows.stream().mapToLong(Window::targetCount).sum();
    }
}
