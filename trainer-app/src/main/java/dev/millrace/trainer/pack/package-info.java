/// Token runs to fixed windows, remembering which record each window came from.
@NullMarked
package dev.millrace.trainer.pack;

import org.jspecify.annotations.NullMarked;
