package dev.millrace.producer.unpack;

import java.io.Serial;

/// The bytes are not packed as was said.
final class BrokenPackingException extends Exception {
    @Serial
    private static final long serialVersionUID = 1;

    private final String reason;

    BrokenPackingException(String reason) {
        super("the body " + reason);
        this.reason = reason;
    }

    /// Goes on after "the body".
    String reason() {
        return reason;
    }
}
