/// The log as a sequence of training batches: a pure function of what each partition holds.
@NullMarked
package dev.millrace.trainer.batch;

import org.jspecify.annotations.NullMarked;
