package dev.millrace.trainer.generate;

import dev.millrace.trainer.generate.Continuation.Ending;
import dev.millrace.trainer.model.DeepSeekModel;
import dev.millrace.trainer.model.KeyValueCache;
import java.util.Arrays;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;

/// Continues a prompt of token ids. What the model has seen is kept (see [KeyValueCache]), so a token costs one
/// position.
///
/// Uses the model's thread.
public final class TextGenerator {
    /// Positions of a prompt at once: bounds the memory, and the time until the next look at whether to go on.
    private static final int PIECE = 64;

    private final DeepSeekModel model;
    private final int context;

    /// A generator for one model.
    ///
    /// @param context tokens that the model sees at most, no more than it has positions. When a text has filled it,
    ///     it goes on from its last half
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
        return generate(prompt, sampling, () -> true, _ -> {}).tokens();
    }

    /// The same, as long as it is to go on; asked before each run through the model.
    ///
    /// @param each is told every token as soon as it is chosen
    public Continuation generate(int[] prompt, Sampling sampling, BooleanSupplier goOn, IntConsumer each) {
        if (prompt.length == 0) {
            throw new IllegalArgumentException("The prompt is empty: give at least the token that begins a text");
        }
        int[] tokens = Arrays.copyOf(prompt, Math.addExact(prompt.length, sampling.maxTokens()));
        int length = prompt.length;
        int read = Math.max(0, length - context);
        int passes = 0;
        Ending ending = Ending.LENGTH;
        try (KeyValueCache cache = model.cache(Math.min(context, tokens.length))) {
            while (length < tokens.length) {
                if (!goOn.getAsBoolean()) {
                    ending = Ending.CUT;
                    break;
                }
                if (cache.length() == cache.capacity()) {
                    cache.clear();
                    read = length - Math.ceilDiv(context, 2);
                }
                int end = Math.min(length, read + PIECE);
                float[] scores = cache.append(Arrays.copyOfRange(tokens, read, end));
                passes++;
                read = end;
                if (read < length) {
                    continue;
                }
                int next = sampling.choose(scores, length - prompt.length);
                if (sampling.stopId().isPresent() && sampling.stopId().getAsInt() == next) {
                    ending = Ending.STOP;
                    break;
                }
                tokens[length++] = next;
                each.accept(next);
            }
        }
        return new Continuation(Arrays.copyOfRange(tokens, prompt.length, length), passes, ending);
    }

    /// Runs through the model that a text takes at most, where it does not outgrow the context.
    static int passes(int prompt, int maxTokens) {
        return Math.ceilDiv(prompt, PIECE) + Math.max(0, maxTokens - 1);
    }
}
