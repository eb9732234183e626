/// Where media go that are too large for the log: objects, named by their content.
@NullMarked
package dev.millrace.producer.store;

import org.jspecify.annotations.NullMarked;
