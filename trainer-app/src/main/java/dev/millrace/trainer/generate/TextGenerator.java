package dev.millrace.trainer.generate;

import ai.djl.ndarray.NDManager;
import dev.millrace.trainer.model.DeepSeekModel;
import dev.millrace.trainer.model.TokenGrid;
import java.util.Arrays;

/// Continues a prompt of token ids. Runs the whole context for every token: meant for short samples.
///
/// Uses the model's thread.
public final class TextGenerator {
    private final DeepSeekModel model;
    private final int context;

    /// A generator for one model.
    ///
    /// @param context the last so many tokens are what the model sees; no more than it has positions
    public TextGenerator(DeepSeekModel model, int context) {
        if (context < 1 || context > model.config().maxPositions()) {
            throw new IllegalArgumentException("context is " + context + ", it must be between 1 and "
                    + model.config().maxPositions() + " (max_position_embeddings)");
        }
        this.model = model;
        this.context = context;
    }

    /// Generates until the stop token or `maxTokens`.
    ///
    /// @param prompt at least one token id
    /// @return the tokens after the prompt, without the stop token
    public int[] generate(int[] prompt, Sampling sampling) {
        if (prompt.length == 0) {
            throw new IllegalArgumentException("The prompt is empty: give at least the token that begins a text");
        }
        int[] tokens = Arrays.copyOf(prompt, Math.addExact(prompt.length, sampling.maxTokens()));
        int length = prompt.length;
        while (length < tokens.length) {
            int next = sampling.choose(scores(tokens, length), length - prompt.length);
            if (sampling.stopId().isPresent() && sampling.stopId().getAsInt() == next) {
                break;
            }
            tokens[length++] = next;
        }
        return Arrays.copyOfRange(tokens, prompt.length, length);
    }

    private float[] scores(int[] tokens, int length) {
        int[] seen = Arrays.copyOfRange(tokens, Math.max(0, length - context), length);
        try (NDManager tokenScope = NDManager.newBaseManager("PyTorch")) {
            return model.lastLogits(tokenScope, new TokenGrid(seen, 1, seen.length))
                    .toFloatArray();
        }
    }
}
