/// One step, then the loop: owns the training thread.
@NullMarked
package dev.millrace.trainer.train;

import org.jspecify.annotations.NullMarked;
