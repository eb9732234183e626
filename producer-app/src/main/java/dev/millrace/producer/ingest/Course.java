package dev.millrace.producer.ingest;

import dev.millrace.producer.source.DocumentFile;

/// Shows people how an ingestion goes on. On the thread of the ingestion.
interface Course extends AutoCloseable {
    /// Something to be read.
    void say(String line);

    /// Called for each document.
    ///
    /// @param place of it
    /// @param fileBytes of its file, as it lies on the disk, that were read for it, about
    /// @param read documents that this run has read
    /// @param committed what it has committed of them
    void at(Object place, long fileBytes, long read, Totals committed);

    /// A file was read to its end.
    void ended(DocumentFile file);

    /// The ingestion is over, in whatever way. Never throws.
    @Override
    void close();
}
