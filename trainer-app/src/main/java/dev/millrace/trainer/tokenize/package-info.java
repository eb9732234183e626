/// Text to token ids.
@NullMarked
package dev.millrace.trainer.tokenize;

import org.jspecify.annotations.NullMarked;
