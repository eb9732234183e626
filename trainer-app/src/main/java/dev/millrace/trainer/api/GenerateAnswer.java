package dev.millrace.trainer.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import dev.millrace.trainer.generate.Written;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// What is said of a text that is written.
///
/// @param text all of it; nothing where it was told piece by piece
/// @param finish `stop` (the model ended it), `length` (`max_tokens`) or `cut` (`millrace.generate.max-pause`)
/// @param step whose weights wrote the text
/// @param seed that gives it again
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
@JsonInclude(JsonInclude.Include.NON_NULL)
record GenerateAnswer(
        @Nullable String text,
        String finish,
        long step,
        long seed,
        int promptTokens,
        int generatedTokens,
        double waitedSeconds,
        double tookSeconds) {

    static GenerateAnswer whole(Written written, long seed) {
        return of(written.text(), written, seed);
    }

    static GenerateAnswer totals(Written written, long seed) {
        return of(null, written, seed);
    }

    private static GenerateAnswer of(@Nullable String text, Written written, long seed) {
        return new GenerateAnswer(
                text,
                written.ending().name().toLowerCase(Locale.ROOT),
                written.step(),
                seed,
                written.promptTokens(),
                written.tokens(),
                written.waited().toNanos() / 1e9,
                written.took().toNanos() / 1e9);
    }
}
