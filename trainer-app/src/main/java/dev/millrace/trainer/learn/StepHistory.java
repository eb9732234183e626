package dev.millrace.trainer.learn;

import java.util.ArrayList;
import java.util.List;

/// What of past steps decides about later ones beside weights and moments. Immutable, and a pure function of the
/// steps; part of a checkpoint, so that a run that goes on decides as if it had never stopped.
///
/// @param nonFinite steps in a row, up to the last, whose loss or gradient norm was no finite number
/// @param recent the latest of the others, oldest first: as many as [SpikeRule] looks at
public record StepHistory(int nonFinite, List<Reading> recent) {
    /// Of a run that begins.
    public static final StepHistory NONE = new StepHistory(0, List.of());

    public StepHistory {
        recent = List.copyOf(recent);
    }

    /// What a step was like.
    public record Reading(double loss, double gradientNorm) {}

    /// The history once a step has ended. A step that was skipped as a spike is remembered like any other: a level
    /// that stays becomes the usual one.
    ///
    /// @param window steps to remember
    public StepHistory after(StepOutcome outcome, int window) {
        return switch (outcome) {
            case StepOutcome.NonFinite _ -> new StepHistory(nonFinite + 1, recent);
            case StepOutcome.Applied _, StepOutcome.Spike _ -> {
                List<Reading> readings = new ArrayList<>(recent);
                readings.add(new Reading(outcome.loss(), outcome.gradientNorm()));
                yield new StepHistory(0, readings.subList(Math.max(0, readings.size() - window), readings.size()));
            }
        };
    }
}
