package dev.millrace.trainer.checkpoint;

import java.io.IOException;

/// Another trainer goes on with this run; what this one would write now must not be written.
public final class RunTakenOverException extends IOException {
    private static final long serialVersionUID = 1L;

    RunTakenOverException(String message) {
        super(message);
    }
}
