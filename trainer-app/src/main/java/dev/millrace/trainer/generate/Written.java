package dev.millrace.trainer.generate;

import java.time.Duration;

/// A text as a model of a certain step wrote it.
///
/// @param text what comes after the prompt
/// @param step of the run, whose weights wrote all of it; 0 are the first weights
/// @param promptTokens that the prompt was, with the one that begins a text
/// @param tokens generated
/// @param waited until it was begun
/// @param took the writing
public record Written(
        String text,
        long step,
        int promptTokens,
        int tokens,
        Continuation.Ending ending,
        Duration waited,
        Duration took) {}
