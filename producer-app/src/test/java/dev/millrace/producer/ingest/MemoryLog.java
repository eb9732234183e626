package dev.millrace.producer.ingest;

import dev.millrace.producer.document.Document;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.jspecify.annotations.Nullable;

/// What a cluster keeps of ingestions, in memory, with failures at given commits.
final class MemoryLog {
    private final List<String> visible = new ArrayList<>();
    private final Map<Path, FileCursor> cursors = new HashMap<>();
    private final Map<String, Exception> refused = new HashMap<>();
    private final Map<Integer, Fault> faults = new HashMap<>();
    private final Map<Integer, Runnable> onSend = new HashMap<>();
    private @Nullable IngestionState state;
    /// Whoever opened last: others are fenced off.
    private @Nullable Opened owner;

    private int commits;
    private int sends;

    /// When a commit fails.
    enum Failure {
        /// Nothing of it is visible.
        BEFORE,
        /// All of it is, and nobody was told.
        AFTER
    }

    private record Fault(Failure failure, RuntimeException error) {}

    /// The end of a process.
    static final class Crash extends RuntimeException {
        private static final long serialVersionUID = 1L;
    }

    IngestionLog.Opener opener() {
        return new IngestionLog.Opener() {
            @Override
            public IngestionLog open() {
                Opened opened = new Opened();
                owner = opened;
                return opened;
            }

            @Override
            public Optional<IngestionState> look() {
                return Optional.ofNullable(state);
            }
        };
    }

    /// Keys in their order.
    List<String> visible() {
        return List.copyOf(visible);
    }

    IngestionState state() {
        return Objects.requireNonNull(state, "nothing was committed");
    }

    IngestionState.Phase phase() {
        return state().phase();
    }

    void refuse(String key, Exception error) {
        refused.put(key, error);
    }

    /// The n-th commit fails, counted from 1.
    void failCommit(int n, Failure failure, RuntimeException error) {
        faults.put(n, new Fault(failure, error));
    }

    /// Runs something when the n-th document is sent.
    void onSend(int n, Runnable action) {
        onSend.put(n, action);
    }

    private final class Opened implements IngestionLog {
        private final Progress progress = new Progress(new HashMap<>(cursors), Optional.ofNullable(state));
        private final List<String> open = new ArrayList<>();
        private @Nullable Exception error;

        @Override
        public Progress progress() {
            return progress;
        }

        @Override
        public void send(Document document, Consumer<Exception> onRefused) {
            onSend.getOrDefault(++sends, () -> {}).run();
            Exception no = refused.get(document.key());
            if (no == null) {
                open.add(document.key());
            } else {
                error = no;
                onRefused.accept(no);
            }
        }

        @Override
        public void commit(IngestionState now, Collection<FileCursor> moved) {
            if (owner != this) {
                throw new ProducerFencedException("another took it");
            }
            if (error != null) {
                throw new RecordTooLargeException(error);
            }
            Fault fault = faults.get(++commits);
            if (fault != null && fault.failure() == Failure.BEFORE) {
                throw fault.error();
            }
            visible.addAll(open);
            open.clear();
            state = now;
            moved.forEach(cursor -> cursors.put(cursor.file(), cursor));
            if (fault != null) {
                throw fault.error();
            }
        }

        @Override
        public void close() {
            open.clear();
        }
    }
}
