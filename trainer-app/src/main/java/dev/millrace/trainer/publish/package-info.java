/// Tells the rest of the world what a durable checkpoint covers: dead letters, ledger and group offsets, in one
/// transaction.
@NullMarked
package dev.millrace.trainer.publish;

import org.jspecify.annotations.NullMarked;
