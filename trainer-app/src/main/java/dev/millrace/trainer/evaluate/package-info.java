/// The loss on text that is held out of the training.
@NullMarked
package dev.millrace.trainer.evaluate;

import org.jspecify.annotations.NullMarked;
