/// Keeps, durably, which records made which step, and what came of it.
@NullMarked
package dev.millrace.trainer.ledger;

import org.jspecify.annotations.NullMarked;
