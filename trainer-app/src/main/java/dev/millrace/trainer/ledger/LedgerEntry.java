package dev.millrace.trainer.ledger;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.millrace.trainer.batch.Composition;
import org.jspecify.annotations.Nullable;

/// A step as the ledger has it.
///
/// @param result null while the step is under way, or where the process died in it
@JsonInclude(JsonInclude.Include.NON_NULL)
public record LedgerEntry(
        long step, Composition composition, @Nullable StepResult result) {
    /// The entry as JSON, in UTF-8.
    public byte[] json() {
        return LedgerFile.bytes(this);
    }
}
