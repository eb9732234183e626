package dev.millrace.trainer.generate;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/// What became of a prompt that was handed in.
public sealed interface Submission {
    /// It waits for its turn.
    ///
    /// @param written completes with the text; with [NotServingException] if no turn will come; with what libtorch
    ///     threw if it failed. To complete it from outside (cancel it) takes the prompt back
    record Accepted(CompletableFuture<Written> written) implements Submission {}

    /// It has no token, and the tokenizer adds none that begins a text.
    record Empty() implements Submission {}

    /// It and the continuation have more tokens than may be.
    record TooLong(int promptTokens, int maxTokens, int limit) implements Submission {}

    /// As many wait as may.
    ///
    /// @param retryAfter when they will be done, by what the last text took
    record Busy(int waiting, Duration retryAfter) implements Submission {}

    /// There is no model, or nobody who would make it write.
    record NotServing(String why) implements Submission {}
}
