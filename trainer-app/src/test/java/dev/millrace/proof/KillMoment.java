package dev.millrace.proof;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

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

    /// The moments of a run. Of each four, two lie inside the writing of a checkpoint; none lies further than two
    /// checkpoints, or twice the steps between them, past the start.
    ///
    /// @param stride steps between two checkpoints
    static List<KillMoment> plan(int kills, int stride, Random random) {
        List<KillMoment> moments = new ArrayList<>();
        while (moments.size() < kills) {
            List<KillMoment> four = new ArrayList<>(List.of(
                    new AfterSteps(1 + random.nextInt(2 * stride)),
                    new CheckpointBegun(1 + random.nextInt(2)),
                    new CheckpointGrown(1 + random.nextInt(2), random.nextDouble()),
                    switch (random.nextInt(3)) {
                        case 0 -> new AfterMillis(500 + random.nextInt(3500));
                        case 1 -> new CheckpointStands(1 + random.nextInt(2));
                        default -> new AfterSteps(1 + random.nextInt(2 * stride));
                    }));
            Collections.shuffle(four, random);
            moments.addAll(four);
        }
        return List.copyOf(moments.subList(0, kills));
    }
}
