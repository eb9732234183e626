package dev.millrace.trainer.tokenize;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import jakarta.validation.constraints.DecimalMax;
import jakarta.validation.constraints.DecimalMin;
import java.nio.file.Path;

/// Settings of the tokenizer.
@ConfigMapping(prefix = "millrace.tokenizer")
public interface TokenizerConfig {
    /// Directory with `tokenizer.json` and, beside it, `tokenizer_config.json`, as Hugging Face models carry them.
    Path directory();

    /// Documents with a stretch from their middle moved to the end.
    FillInTheMiddle fillInTheMiddle();

    /// Documents with a stretch from their middle moved to the end.
    interface FillInTheMiddle {
        /// The share of the documents; DeepSeek's is 0.1.
        @WithDefault("0")
        @DecimalMin("0")
        @DecimalMax("1")
        double rate();

        /// The added token before the prefix.
        @WithDefault("<｜fim▁begin｜>")
        String begin();

        /// The added token between prefix and suffix, where the middle was.
        @WithDefault("<｜fim▁hole｜>")
        String hole();

        /// The added token between suffix and middle.
        @WithDefault("<｜fim▁end｜>")
        String end();
    }
}
