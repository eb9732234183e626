package dev.millrace.producer.ingest;

import dev.millrace.producer.document.Document;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Predicate;

/// Where an ingestion puts documents and how far it is, in one transaction after another.
///
/// Whatever throws leaves a log that can only be closed; the next one that is opened knows what was committed.
interface IngestionLog extends AutoCloseable {
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

    /// The logs of one ingestion, one after another. Thread-safe.
    interface Opener {
        /// Takes it from whoever holds it, who is fenced off and whose open transaction is rolled back.
        IngestionLog open();

        /// How it stands, without taking it from anyone.
        Optional<IngestionState> look();

        /// Writes the end of what runs without having come to its end.
        ///
        /// @param which running one is meant; any other stays as it is, and so does one that ended
        /// @return how it stands now
        default Optional<IngestionState> end(Predicate<IngestionState> which, IngestionState.Phase phase, String why) {
            Predicate<IngestionState> meant = which.and(state -> state.phase() == IngestionState.Phase.RUNNING);
            // To open would roll back what goes on.
            Optional<IngestionState> seen = look();
            if (seen.filter(meant).isEmpty()) {
                return seen;
            }
            try (IngestionLog log = open()) {
                Optional<IngestionState> known = log.progress().state();
                if (known.filter(meant).isEmpty()) {
                    return known;
                }
                IngestionState ended = known.get().ended(phase, why, known.get().totals());
                log.commit(ended, List.of());
                return Optional.of(ended);
            }
        }
    }

    /// @param cursors by file
    /// @param state what was committed last, if anything was
    record Progress(Map<Path, FileCursor> cursors, Optional<IngestionState> state) {
        Totals totals() {
            return state.map(IngestionState::totals).orElse(Totals.NONE);
        }
    }
}
