/// Unpacks request bodies, a piece at a time and within limits.
@NullMarked
package dev.millrace.producer.unpack;

import org.jspecify.annotations.NullMarked;
