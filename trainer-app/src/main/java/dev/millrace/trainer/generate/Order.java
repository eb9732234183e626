package dev.millrace.trainer.generate;

import java.util.concurrent.CompletableFuture;

/// A prompt that waits. Immutable, but for what becomes of it.
final class Order {
    private final int[] prompt;
    private final Sampling sampling;
    private final long handedIn;
    private final CompletableFuture<Written> written = new CompletableFuture<>();

    /// @param handedIn when, by the desk's clock
    Order(int[] prompt, Sampling sampling, long handedIn) {
        this.prompt = prompt;
        this.sampling = sampling;
        this.handedIn = handedIn;
    }

    /// Not to be changed.
    int[] prompt() {
        return prompt;
    }

    Sampling sampling() {
        return sampling;
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
