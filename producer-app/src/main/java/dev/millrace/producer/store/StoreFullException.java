package dev.millrace.producer.store;

import java.io.IOException;
import java.io.Serial;

/// The store takes no more bytes until somebody makes room.
public final class StoreFullException extends IOException {
    @Serial
    private static final long serialVersionUID = 1;

    StoreFullException(String message, IOException cause) {
        super(message, cause);
    }
}
