/// Holds what a native image would be built from against what the application needs when it runs.
@NullMarked
package dev.millrace.producer.image;

import org.jspecify.annotations.NullMarked;
