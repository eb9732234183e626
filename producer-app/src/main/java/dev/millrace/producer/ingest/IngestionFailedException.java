package dev.millrace.producer.ingest;

/// An ingestion that cannot go on. What it committed stays.
final class IngestionFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final boolean elsewhere;

    IngestionFailedException(String message, Throwable cause) {
        super(message, cause);
        this.elsewhere = false;
    }

    /// @param elsewhere whether another process goes on with it
    IngestionFailedException(String message, boolean elsewhere) {
        super(message);
        this.elsewhere = elsewhere;
    }

    boolean elsewhere() {
        return elsewhere;
    }
}
