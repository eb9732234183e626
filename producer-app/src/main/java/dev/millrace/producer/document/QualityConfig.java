package dev.millrace.producer.document;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.util.OptionalDouble;
import java.util.OptionalInt;

/// Which texts are refused although their form is good. Nothing is, unless it is set. The rules know no language.
@ConfigMapping(prefix = "millrace.quality")
public interface QualityConfig {
    /// The least characters of a text.
    OptionalInt minLength();

    /// The most characters of a text.
    OptionalInt maxLength();

    /// The largest share, of what is no white space, that is neither letter nor digit.
    OptionalDouble maxSymbols();

    /// The largest share of characters in lines that stood in the text before.
    OptionalDouble maxRepeatedLines();

    /// The largest share of words that the most frequent phrase of three words makes up.
    OptionalDouble maxRepeatedPhrase();

    /// What becomes of a text with signs of a wrong decoding.
    @WithDefault("accept")
    Damage encoding();

    /// Damaged texts are never repaired: nobody could tell what was meant.
    enum Damage {
        ACCEPT,
        /// Taken; report, record and a counter say so.
        FLAG,
        REFUSE
    }
}
