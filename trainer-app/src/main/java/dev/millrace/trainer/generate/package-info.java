/// What a trained model says: continuations of a prompt, and the loss on text that was held out.
@NullMarked
package dev.millrace.trainer.generate;

import org.jspecify.annotations.NullMarked;
