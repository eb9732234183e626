/// Reads documents from files: lazily, and from where an earlier run stopped.
@NullMarked
package dev.millrace.producer.source;

import org.jspecify.annotations.NullMarked;
