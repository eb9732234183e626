package dev.millrace.producer.document;

/// Decides whether the bytes of one kind of body are a document. Never throws for what they hold; thread-safe.
@FunctionalInterface
public interface BodyReader {
    /// @param body becomes the record's value; not to be changed afterwards
    Admission read(byte[] body);
}
