package dev.millrace.producer.publish;

/// What a document came to that was brought: a delivery, or that nothing was sent and why.
public sealed interface Answer permits Delivery, Answer.Duplicate, Answer.Conflict {
    /// Its text is on the log already.
    ///
    /// @param first where
    record Duplicate(Delivery.Delivered first) implements Answer {}

    /// Another document came under its name.
    ///
    /// @param reason says under which kind of name
    record Conflict(String reason) implements Answer {}
}
