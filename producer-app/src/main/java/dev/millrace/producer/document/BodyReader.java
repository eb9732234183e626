package dev.millrace.producer.document;

import java.io.IOException;

/// Decides whether the bytes of one kind of body are a document. Never throws for what they hold; thread-safe.
public interface BodyReader {
    /// @param body becomes the record's value; not to be changed afterwards
    Admission read(byte[] body);

    /// What becomes of a body that is larger than `millrace.documents.max-size`: nothing of it was read yet.
    ///
    /// @throws IOException where the store does not take it
    Oversize oversize() throws IOException;

    /// Whether a body is taken that is too large for the log.
    sealed interface Oversize {
        /// It is: its media go to the store.
        ///
        /// @param body takes it from its first byte
        record Taken(LargeBody body) implements Oversize {}

        /// It is not.
        record Refused(Admission.Rejected no) implements Oversize {}
    }
}
