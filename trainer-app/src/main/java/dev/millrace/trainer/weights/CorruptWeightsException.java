package dev.millrace.trainer.weights;

import java.io.IOException;
import java.io.Serial;
import java.nio.file.Path;

/// A file of weights that is damaged, incomplete or not of this model. The message names the file.
public final class CorruptWeightsException extends IOException {
    @Serial
    private static final long serialVersionUID = 1L;

    CorruptWeightsException(Path file, String problem) {
        super(file + ": " + problem);
    }
}
