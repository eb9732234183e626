/// The model being trained: its optimizer, its schedule, its first weights, and the device they live on.
@NullMarked
package dev.millrace.trainer.learn;

import org.jspecify.annotations.NullMarked;
