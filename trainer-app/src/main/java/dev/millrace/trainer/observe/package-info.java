/// What operators see: probes and metrics.
@NullMarked
package dev.millrace.trainer.observe;

import org.jspecify.annotations.NullMarked;
