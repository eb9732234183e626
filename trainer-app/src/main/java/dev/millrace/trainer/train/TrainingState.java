package dev.millrace.trainer.train;

/// What the trainer is doing.
public sealed interface TrainingState {
    /// Loading; `what` says which part.
    record Starting(String what) implements TrainingState {}

    /// Another trainer has the run; this one goes on with it when that one is gone.
    record Standby(String what) implements TrainingState {}

    /// Model and checkpoint are there; the log is not yet.
    record Connecting(String what) implements TrainingState {}

    /// Training, or waiting for data to train on.
    record Training() implements TrainingState {}

    /// Told to stop: the step under way is finished and a checkpoint written.
    record Draining() implements TrainingState {}

    /// Over, as planned.
    record Finished(String why) implements TrainingState {}

    /// Over, unplanned; the message says what to do.
    record Failed(String message) implements TrainingState {}
}
