package dev.millrace.proof;

/// When a trainer is killed, counted from its start.
sealed interface KillMoment {
    /// While it starts up, or soon after.
    record AfterMillis(int millis) implements KillMoment {
        @Override
        public String toString() {
            return millis + " ms after the start";
        }
    }

    /// After so many steps of its own.
    record AfterSteps(int steps) implements KillMoment {
        @Override
        public String toString() {
            return "after " + steps + " steps";
        }
    }

    /// As soon as its nth checkpoint is begun.
    record CheckpointBegun(int nth) implements KillMoment {
        @Override
        public String toString() {
            return "checkpoint " + nth + " begins";
        }
    }

    /// When the files of its nth checkpoint have grown to a share of what they will have.
    record CheckpointGrown(int nth, double share) implements KillMoment {
        @Override
        public String toString() {
            return "checkpoint %d at %.0f %%".formatted(nth, 100 * share);
        }
    }

    /// As soon as its nth checkpoint stands under its name: before or while the offsets follow.
    record CheckpointStands(int nth) implements KillMoment {
        @Override
        public String toString() {
            return "checkpoint " + nth + " stands";
        }
    }
}
