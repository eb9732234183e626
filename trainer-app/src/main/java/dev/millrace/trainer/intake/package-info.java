/// Receives Kafka batches, sorts documents from poison, and hands them over with back-pressure.
@NullMarked
package dev.millrace.trainer.intake;

import org.jspecify.annotations.NullMarked;
