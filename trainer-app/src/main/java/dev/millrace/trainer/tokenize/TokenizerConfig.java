package dev.millrace.trainer.tokenize;

import io.smallrye.config.ConfigMapping;
import java.nio.file.Path;

/// Settings of the tokenizer.
@ConfigMapping(prefix = "millrace.tokenizer")
public interface TokenizerConfig {
    /// Directory with `tokenizer.json` and, beside it, `tokenizer_config.json`, as Hugging Face models carry them.
    Path directory();
}
