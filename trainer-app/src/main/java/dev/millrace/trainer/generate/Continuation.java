package dev.millrace.trainer.generate;

/// What came after a prompt.
public final class Continuation {
    private final int[] tokens;
    private final int passes;
    private final Ending ending;

    /// Why it is no longer.
    public enum Ending {
        /// The model ended the text.
        STOP,
        /// It has as many tokens as were asked for.
        LENGTH,
        /// It was not to go on.
        CUT
    }

    Continuation(int[] tokens, int passes, Ending ending) {
        this.tokens = tokens;
        this.passes = passes;
        this.ending = ending;
    }

    /// Token ids, without the one that ends a text.
    public int[] tokens() {
        return tokens.clone();
    }

    /// Runs through the model that it took.
    public int passes() {
        return passes;
    }

    public Ending ending() {
        return ending;
    }
}
