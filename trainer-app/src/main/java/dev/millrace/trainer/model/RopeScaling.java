package dev.millrace.trainer.model;

/// How rotary positions are stretched beyond the length that the base frequency was chosen for: `rope_scaling`.
public sealed interface RopeScaling {
    /// What every position is divided by.
    double factor();

    /// `rope_scaling` null or of type `default`.
    record None() implements RopeScaling {
        @Override
        public double factor() {
            return 1;
        }
    }

    /// Type `linear`: position interpolation (Chen et al., 2023), as in DeepSeek Coder.
    record Linear(double factor) implements RopeScaling {
        public Linear {
            if (!(factor >= 1) || Double.isInfinite(factor)) {
                throw new IllegalArgumentException("factor is " + factor + ", it must be at least 1");
            }
        }
    }
}
