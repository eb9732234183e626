/// Durable state: all of it or none of it.
@NullMarked
package dev.millrace.trainer.checkpoint;

import org.jspecify.annotations.NullMarked;
