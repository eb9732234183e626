package dev.millrace.proof;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Random;

/// Draws the moments of a run's kills: of each four, two are aimed at the writing of a checkpoint.
///
/// Each may come as far as an equal share of the steps that are left, so that the kills are spread over the run and
/// none of them comes too late. Not thread-safe.
final class KillPlan {
    /// What a share of the steps holds at the start: the least that [#next] can aim at.
    private static final int CHECKPOINTS_PER_KILL = 4;

    private final long steps;
    private final int stride;
    private final Random random;
    private final Deque<Aim> aims = new ArrayDeque<>();
    private int left;

    private enum Aim {
        STEPS,
        CHECKPOINT_BEGUN,
        CHECKPOINT_GROWN,
        ANY
    }

    /// @param steps of the whole run
    KillPlan(int kills, long steps, Random random) {
        this.steps = steps;
        this.stride = Math.toIntExact(steps / (CHECKPOINTS_PER_KILL * (kills + 1L)));
        if (stride < 2) {
            throw new IllegalArgumentException(
                    steps + " steps are too few for " + kills + " kills: use more documents");
        }
        this.random = random;
        this.left = kills;
    }

    /// Steps between two checkpoints.
    int stride() {
        return stride;
    }

    boolean hasNext() {
        return left > 0;
    }

    /// @param began the step that the process starts from
    KillMoment next(long began) {
        if (aims.isEmpty()) {
            List<Aim> four = new ArrayList<>(List.of(Aim.values()));
            Collections.shuffle(four, random);
            aims.addAll(four);
        }
        int reach = Math.toIntExact((steps - began) / (left + 1));
        left--;
        return draw(aims.removeFirst(), reach);
    }

    private KillMoment draw(Aim aim, int reach) {
        int checkpoints = Math.max(1, reach / stride);
        return switch (aim) {
            case STEPS -> new KillMoment.AfterSteps(1 + random.nextInt(reach));
            case CHECKPOINT_BEGUN -> new KillMoment.CheckpointBegun(1 + random.nextInt(checkpoints));
            case CHECKPOINT_GROWN ->
                new KillMoment.CheckpointGrown(1 + random.nextInt(checkpoints), random.nextDouble());
            case ANY ->
                switch (random.nextInt(3)) {
                    case 0 -> new KillMoment.AfterMillis(500 + random.nextInt(3500));
                    case 1 -> new KillMoment.CheckpointStands(1 + random.nextInt(checkpoints));
                    default -> new KillMoment.AfterSteps(1 + random.nextInt(reach));
                };
        };
    }
}
