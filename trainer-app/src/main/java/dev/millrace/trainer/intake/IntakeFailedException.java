package dev.millrace.trainer.intake;

import org.jspecify.annotations.Nullable;

/// The intake cannot go on; the message says what to do.
public final class IntakeFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public IntakeFailedException(String message) {
        super(message);
    }

    public IntakeFailedException(@Nullable String message, Throwable cause) {
        super(message, cause);
    }
}
