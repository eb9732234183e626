package dev.millrace.trainer.intake;

import java.util.Optional;

/// A document as it lies on the log.
///
/// @param text what is trained on; never empty
/// @param id that the client gave: two documents of one id are one
public record Document(String text, Optional<String> id) {
    public Document {
        if (text.isEmpty()) {
            throw new IllegalArgumentException("a document has a text");
        }
    }
}
