/// Checks what Millrace is built with.
@NullMarked
package dev.millrace.build;

import org.jspecify.annotations.NullMarked;
