/// Runs files through admission to publication, with totals and a durable cursor.
@NullMarked
package dev.millrace.producer.ingest;

import org.jspecify.annotations.NullMarked;
