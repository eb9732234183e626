package dev.millrace.trainer.generate;

import java.util.OptionalInt;

/// How the next token is chosen.
///
/// @param temperature scores are divided by it; 0 takes the most likely token always
/// @param topP the smallest set of most likely tokens that holds this much probability is drawn from, in (0, 1]
/// @param seed equal seeds draw equally
/// @param maxTokens at most so many are generated
/// @param stopId the token that ends the text; it is not part of it
public record Sampling(double temperature, double topP, long seed, int maxTokens, OptionalInt stopId) {
    public Sampling {
        if (!(temperature >= 0) || Double.isInfinite(temperature)) {
            throw new IllegalArgumentException("temperature is " + temperature + ", it must be at least 0");
        }
        if (!(topP > 0 && topP <= 1)) {
            throw new IllegalArgumentException("topP is " + topP + ", it must be in (0, 1]");
        }
        if (maxTokens < 0) {
            throw new IllegalArgumentException("maxTokens is " + maxTokens + ", it must be at least 0");
        }
    }

    /// Draws one token.
    ///
    /// @param logits of every token; overwritten
    /// @param place counts the tokens drawn before: the draw depends on (seed, place), not on a running stream
    int choose(float[] logits, long place) {
        return temperature == 0 ? TokenDraw.mostLikely(logits) : TokenDraw.draw(logits, temperature, topP, seed, place);
    }
}
