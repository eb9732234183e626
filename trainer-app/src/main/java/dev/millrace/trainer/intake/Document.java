package dev.millrace.trainer.intake;

/// A document as it lies on the log.
///
/// @param text what is trained on; never empty
public record Document(String text) {
    public Document {
        if (text.isEmpty()) {
            throw new IllegalArgumentException("a document has a text");
        }
    }
}
