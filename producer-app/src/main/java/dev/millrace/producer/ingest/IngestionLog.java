package dev.millrace.producer.ingest;

import dev.millrace.producer.document.Document;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Map;
import java.util.function.Consumer;

/// Where an ingestion puts documents and how far it is, in one transaction after another.
///
/// Whatever throws leaves a log that can only be closed; the next one that is opened knows what was committed.
interface IngestionLog extends AutoCloseable {
    /// Opens the log of one ingestion, and takes it from whoever holds it.
    @FunctionalInterface
    interface Opener {
        IngestionLog open();
    }

    /// How far each file is, and what was done so far, when the log was opened.
    Progress progress();

    /// @param refused told, on another thread, where the document is not taken; the commit then throws
    void send(Document document, Consumer<Exception> refused);

    /// Makes visible what was sent, and with it how far the ingestion is.
    ///
    /// @param state with the totals of all runs of this ingestion
    /// @param moved cursors that are not where they were
    void commit(IngestionState state, Collection<FileCursor> moved);

    @Override
    void close();

    /// @param cursors by file
    /// @param totals of all runs of this ingestion
    record Progress(Map<Path, FileCursor> cursors, Totals totals) {}
}
