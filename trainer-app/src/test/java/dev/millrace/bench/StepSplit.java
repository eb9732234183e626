package dev.millrace.bench;

/// What of a step's time each of its phases took.
interface StepSplit {
    double share(Phase phase);

    /// Of the time that the training thread was not in a native call.
    double shareOutsideNative();

    /// Looks at the thread that this rests on.
    long samples();
}
