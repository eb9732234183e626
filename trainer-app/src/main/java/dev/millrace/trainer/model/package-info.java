/// The DeepSeek architecture and nothing but its mathematics.
@NullMarked
package dev.millrace.trainer.model;

import org.jspecify.annotations.NullMarked;
