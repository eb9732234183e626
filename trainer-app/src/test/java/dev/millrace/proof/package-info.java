/// Shows on this machine that a run which is killed again and again ends as one that is left alone.
@NullMarked
package dev.millrace.proof;

import org.jspecify.annotations.NullMarked;
