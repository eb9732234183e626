package dev.millrace.trainer.tokenize;

/// A document as token ids, BOS and EOS as configured: a pure function of its text and of where it lies on the log.
@FunctionalInterface
public interface DocumentEncoder {
    int[] encode(String text, int partition, long offset);

    /// The encoder that the settings ask for.
    ///
    /// @param seed of what is chosen at random
    /// @throws IllegalArgumentException naming the setting that the tokenizer cannot follow
    static DocumentEncoder of(DocumentTokenizer tokenizer, TokenizerConfig.FillInTheMiddle settings, long seed) {
        return settings.rate() == 0
                ? (text, _, _) -> tokenizer.encode(text)
                : FillInTheMiddle.of(tokenizer, settings, seed);
    }
}
