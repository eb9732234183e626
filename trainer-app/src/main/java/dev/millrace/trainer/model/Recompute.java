package dev.millrace.trainer.model;

/// What a training pass computes a second time in order to keep less.
public enum Recompute {
    /// Nothing: what the way back needs of every layer is kept from the way there.
    NONE,
    /// Every layer: only its input is kept, see [RecomputedLayers].
    LAYERS
}
