package dev.millrace.producer.document;

import java.io.IOException;
import java.util.Optional;

/// A body that is larger than what goes on the log, a piece at a time: its media go to the store as they come, what
/// is left becomes the record. In memory is never more than that, which is at most `millrace.documents.max-size`.
///
/// Every call may wait for the store. Not thread-safe, but may move from one thread to another.
public interface LargeBody extends AutoCloseable {
    /// The next bytes.
    ///
    /// @return why the body is no document, as soon as that is known
    /// @throws IOException where the store does not take it
    Optional<Admission.Rejected> take(byte[] piece) throws IOException;

    /// The body is over. Where it is accepted, its media are in the store, for good.
    ///
    /// @throws IOException where the store does not take it
    Admission end() throws IOException;

    /// Bytes of memory that it holds.
    long memory();

    /// Unless it was accepted, nothing of it remains. Never throws.
    @Override
    void close();
}
