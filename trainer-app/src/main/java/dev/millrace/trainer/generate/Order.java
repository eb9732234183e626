package dev.millrace.trainer.generate;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/// A prompt that waits. Immutable, but for what becomes of it.
final class Order {
    private final int[] prompt;
    private final Sampling sampling;
    private final Optional<Consumer<String>> listener;
    private final long handedIn;
    private final CompletableFuture<Written> written = new CompletableFuture<>();

    /// @param listener is told the text piece by piece
    /// @param handedIn when, by the desk's clock
    Order(int[] prompt, Sampling sampling, Optional<Consumer<String>> listener, long handedIn) {
        this.prompt = prompt;
        this.sampling = sampling;
        this.listener = listener;
        this.handedIn = handedIn;
    }

    /// Not to be changed.
    int[] prompt() {
        return prompt;
    }

    Sampling sampling() {
        return sampling;
    }

    Optional<Consumer<String>> listener() {
        return listener;
    }

    long handedIn() {
        return handedIn;
    }

    CompletableFuture<Written> written() {
        return written;
    }

    /// Nobody waits for it any more.
    boolean abandoned() {
        return written.isDone();
    }

    /// Runs through the model that it takes at most.
    long passes() {
        return TextGenerator.passes(prompt.length, sampling.maxTokens());
    }
}
