package dev.millrace.trainer.batch;

import java.util.Optional;

/// What came of reading a record.
public sealed interface Read {
    /// A document's token ids, BOS and EOS included.
    final class Tokens implements Read {
        private final int[] ids;
        private final Optional<String> documentId;

        /// @param ids handed over, not copied
        /// @param documentId the id that the client gave
        public Tokens(int[] ids, Optional<String> documentId) {
            this.ids = ids;
            this.documentId = documentId;
        }

        Optional<String> documentId() {
            return documentId;
        }

        int[] ids() {
            return ids;
        }
    }

    /// A record that is left out: of a medium that the model cannot use yet, or of a [Skip].
    record Skipped(Untrained.Why why) implements Read {}

    /// A bad record.
    record Rejected(String reason) implements Read {}
}
