package dev.millrace.trainer.generate;

import java.util.function.BooleanSupplier;

/// What the training thread does for others where it is between two steps.
public interface Interlude {
    /// Nothing.
    Interlude NONE = new Interlude() {
        @Override
        public void betweenSteps(long step) {}

        @Override
        public void whileWaiting(long step, BooleanSupplier dataIsThere) {}
    };

    /// Training stands still for it.
    ///
    /// @param step the last one
    void betweenSteps(long step);

    /// While there is nothing to train on: costs nothing, unless there is afterwards.
    ///
    /// @param step the last one
    /// @param dataIsThere whether training could go on
    void whileWaiting(long step, BooleanSupplier dataIsThere);
}
