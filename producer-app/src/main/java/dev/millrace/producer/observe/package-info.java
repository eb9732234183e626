/// What operators see: probes and metrics.
@NullMarked
package dev.millrace.producer.observe;

import org.jspecify.annotations.NullMarked;
