package dev.millrace.trainer.generate;

import ai.djl.ndarray.NDManager;
import dev.millrace.trainer.model.DeepSeekModel;
import dev.millrace.trainer.model.TokenGrid;
import java.util.Arrays;

/// The loss on text that the model was not trained on.
///
/// @param natsPerTarget mean cross-entropy; divided by ln 2 it is bits per token
/// @param targets over which the mean was taken
public record HeldOutLoss(double natsPerTarget, long targets) {
    /// Before anything was measured.
    public static final HeldOutLoss NONE = new HeldOutLoss(0, 0);

    /// The mean over both.
    public HeldOutLoss plus(HeldOutLoss other) {
        long both = targets + other.targets;
        return both == 0
                ? NONE
                : new HeldOutLoss((natsPerTarget * targets + other.natsPerTarget * other.targets) / both, both);
    }

    /// Measures some rows at once, of which one target or more is to be predicted.
    public static HeldOutLoss measure(DeepSeekModel model, TokenGrid inputs, TokenGrid targets) {
        long counted = targets.trainedTargets();
        if (counted == 0) {
            throw new IllegalArgumentException(
                    "All targets are " + DeepSeekModel.IGNORED_TARGET + ": no loss to measure");
        }
        try (NDManager pass = NDManager.newBaseManager("PyTorch")) {
            return new HeldOutLoss(model.loss(pass, inputs, targets).getFloat() / (double) counted, counted);
        }
    }

    /// Measures without gradients, on the model's thread. The weights stay as they are.
    ///
    /// @param inputs token ids, row-major, rows of `columns`
    /// @param targets the token due after each input, or -100 where none is
    /// @param rowsAtOnce bounds the memory
    public static HeldOutLoss measure(DeepSeekModel model, int[] inputs, int[] targets, int columns, int rowsAtOnce) {
        if (columns < 1 || rowsAtOnce < 1 || inputs.length == 0 || inputs.length % columns != 0) {
            throw new IllegalArgumentException(inputs.length + " inputs are no rows of " + columns + " tokens, "
                    + rowsAtOnce + " rows at once: all must be positive");
        }
        if (targets.length != inputs.length) {
            throw new IllegalArgumentException(
                    targets.length + " targets for " + inputs.length + " inputs: they must be alike");
        }
        HeldOutLoss sum = NONE;
        int piece = Math.multiplyExact(columns, rowsAtOnce);
        for (int first = 0; first < inputs.length; first += piece) {
            int next = Math.min(inputs.length, first + piece);
            TokenGrid targetGrid = grid(targets, first, next, columns);
            if (targetGrid.trainedTargets() > 0) {
                sum = sum.plus(measure(model, grid(inputs, first, next, columns), targetGrid));
            }
        }
        if (sum.targets() == 0) {
            throw new IllegalArgumentException(
                    "All targets are " + DeepSeekModel.IGNORED_TARGET + ": no loss to measure");
        }
        return sum;
    }

    private static TokenGrid grid(int[] ids, int first, int next, int columns) {
        return new TokenGrid(Arrays.copyOfRange(ids, first, next), (next - first) / columns, columns);
    }
}
