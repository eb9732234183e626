package dev.millrace.bench;

import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.annotation.JsonNaming;
import java.util.Locale;

/// How fast documents became windows, for a core.
///
/// @param tokenizer the name of its directory
/// @param rounds over all documents, measured
/// @param tokens of a round
/// @param libraryTokensPerS of DJL's tokenizer alone
/// @param trainerTokensPerS of tokenizing and packing, as the trainer does it
/// @param timeOfLibrary what a token takes the trainer, over what it takes the library
/// @param packTokensPerS of packing by itself
/// @param packBytesPerToken that packing allocates, windows included
/// @param packOverheadBytesPerToken the same without the tokens of the windows
@JsonNaming(PropertyNamingStrategies.SnakeCaseStrategy.class)
record TokenizeMeasured(
        String tokenizer,
        int documents,
        int rounds,
        long tokens,
        double libraryTokensPerS,
        double trainerTokensPerS,
        double timeOfLibrary,
        double packTokensPerS,
        double packBytesPerToken,
        double packOverheadBytesPerToken) {

    String line() {
        return String.format(
                Locale.ROOT,
                "tokenize and pack, one core, tokenizer %s, %d documents, %,d tokens: library alone %,.0f tokens/s, with"
                        + " packing %,.0f (%.2f times its time a token); packing alone %,.0f million tokens/s, %.2f"
                        + " bytes a token allocated beside the windows' own",
                tokenizer,
                documents,
                tokens,
                libraryTokensPerS,
                trainerTokensPerS,
                timeOfLibrary,
                packTokensPerS / 1e6,
                packOverheadBytesPerToken);
    }
}
