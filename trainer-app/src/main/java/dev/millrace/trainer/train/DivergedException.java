package dev.millrace.trainer.train;

/// Too many steps in a row had no finite loss and gradient norm. The weights are as before the first of them.
final class DivergedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /// @param step the last of them
    /// @param inARow how many
    /// @param last what was wrong with the last
    DivergedException(long step, int inARow, String last) {
        super("steps " + (step - inARow + 1) + " to " + step + " could not be applied, " + inARow
                + " in a row (millrace.train.max-non-finite); of the last, " + last + ". The weights are as after step "
                + (step - inARow) + ", and no checkpoint is made. Look at what the steps are made of"
                + " (/v1/lineage?step=" + step
                + "): if it is the records, a higher limit passes over them; if it is the"
                + " weights, a lower millrace.train.learning-rate.peak helps, from the last checkpoint on (see"
                + " millrace.checkpoint.accept-changed)");
    }
}
