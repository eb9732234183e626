package dev.millrace.producer.ingest;

/// An ingestion that cannot go on. What it committed stays.
final class IngestionFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    IngestionFailedException(String message, Throwable cause) {
        super(message, cause);
    }
}
