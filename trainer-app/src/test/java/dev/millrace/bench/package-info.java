/// How fast models train on this machine, beside how fast it multiplies matrices.
@NullMarked
package dev.millrace.bench;

import org.jspecify.annotations.NullMarked;
