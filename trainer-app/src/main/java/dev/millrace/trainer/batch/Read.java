package dev.millrace.trainer.batch;

/// What came of reading a record.
public sealed interface Read {
    /// A document's token ids, BOS and EOS included.
    final class Tokens implements Read {
        private final int[] ids;

        /// @param ids handed over, not copied
        public Tokens(int[] ids) {
            this.ids = ids;
        }

        int[] ids() {
            return ids;
        }
    }

    /// A record of a medium that the model cannot use yet.
    record Skipped(String contentType) implements Read {}

    /// A bad record.
    record Rejected(String reason) implements Read {}
}
