package dev.millrace.trainer.model;

import java.io.Serial;

/// A `config.json` that describes a model which Millrace does not have, or one that contradicts itself. The message
/// names the file, the key and what to do.
public final class UnsupportedModelException extends IllegalArgumentException {
    @Serial
    private static final long serialVersionUID = 1L;

    UnsupportedModelException(String message) {
        super(message);
    }
}
