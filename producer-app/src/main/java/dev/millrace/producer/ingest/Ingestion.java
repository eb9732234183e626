package dev.millrace.producer.ingest;

import dev.millrace.producer.document.Fault;
import dev.millrace.producer.source.DocumentFile;
import dev.millrace.producer.source.Reading;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.ObjLongConsumer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.AuthorizationException;

/// Files through admission to the log, in constant memory, each document once.
///
/// Documents and the cursors of their files are committed in one transaction after another, so a reader of committed
/// records sees each line once, whenever this process is killed. A transaction that fails is handled the same way
/// as a crash: everything is dropped, the log is opened anew, and reading goes on where it says that it was.
///
/// Each time it says, too, whether this is still to be run. Two that hold the log in turn fence each other off, and
/// who has the older order gives way; who was fenced off by one that only wrote something down goes on.
///
/// Runs on one thread; [#stop] and [#state] may be called from any.
final class Ingestion {
    /// Runs that begin and are heard of no more, before it is taken for what ends them.
    private static final int MOST_ATTEMPTS = 3;

    private final Reading reading;
    private final IngestionLog.Opener opener;
    private final Settings settings;
    private final Course course;
    private final RefusedPlaces refused = new RefusedPlaces();
    private final RejectionTally rejected;
    private long began;
    private long lastCommit;
    private volatile boolean stopped;
    private volatile IngestionState now;
    private boolean attempted;

    /// Of the runs before this one.
    private Totals before = Totals.NONE;

    /// @param commitInterval between two transactions, as long as the file gives enough
    /// @param patience with a broker that is away: the longest time without a commit
    /// @param retry after a transaction that failed
    record Settings(Duration commitInterval, Duration patience, Duration retry) {}

    /// How an ingestion ended.
    ///
    /// @param totals of this run
    /// @param stopped whether it was told to end before its end
    record End(Totals totals, boolean stopped) {}

    /// @param root what is ingested
    /// @param served whether a server runs it
    /// @param rejections counts what is rejected
    Ingestion(
            Path root,
            boolean served,
            Reading reading,
            IngestionLog.Opener opener,
            Settings settings,
            ObjLongConsumer<Fault> rejections,
            Course course) {
        this.now = IngestionState.unordered(root, served);
        this.reading = reading;
        this.opener = opener;
        this.settings = settings;
        this.rejected = new RejectionTally(rejections);
        this.course = course;
    }

    /// Commits what was read and ends, soon; whoever runs it again goes on.
    void stop() {
        stopped = true;
    }

    /// What was committed last.
    IngestionState state() {
        return now;
    }

    /// Orders it: writes that it runs, without reading anything yet.
    void order() {
        try (IngestionLog log = opener.open()) {
            order(log);
        }
    }

    /// Orders it in place of one that nobody runs any more.
    ///
    /// @param orphan how that one stood
    /// @return whether it was: not where anything was written since
    boolean orderInPlaceOf(IngestionState orphan) {
        try (IngestionLog log = opener.open()) {
            if (!log.progress().state().equals(Optional.of(orphan))) {
                return false;
            }
            order(log, now.orderedInPlaceOf(orphan));
            return true;
        }
    }

    private void order(IngestionLog log) {
        order(log, now.orderedAfter(log.progress().state()));
    }

    private void order(IngestionLog log, IngestionState ordered) {
        commit(log, ordered, List.of());
        before = now.totals();
    }

    private boolean isOrdered() {
        return now.order() > 0;
    }

    /// Writes that it cannot go on, unless its end is written down already.
    ///
    /// @throws KafkaException where the cluster does not answer
    void fail(String why) {
        var _ = opener.end(state -> state.order() == now.order(), IngestionState.Phase.FAILED, why);
    }

    private void commit(IngestionLog log, IngestionState state, Collection<FileCursor> moved) {
        log.commit(state, moved);
        rejected.commit();
        now = state;
        lastCommit = System.nanoTime();
    }

    /// Puts the files on the log, one after another. Orders that first, where nobody has.
    ///
    /// @throws IOException where a file cannot be read
    /// @throws IngestionFailedException where the log cannot be written to
    End run(List<DocumentFile> files) throws IOException, InterruptedException {
        began = System.nanoTime();
        lastCommit = began;
        boolean over = false;
        while (!over && !stopped) {
            try {
                pass(files);
                over = true;
            } catch (KafkaException e) {
                recover(e);
            }
        }
        boolean cancelled = now.phase() == IngestionState.Phase.CANCELLED;
        Totals ofThisRun = now.totals().minus(before);
        course.say((cancelled ? "cancelled: " : stopped ? "stopped: " : "done: ")
                + ofThisRun.line(since(began))
                + rejected.text());
        return new End(ofThisRun, stopped || cancelled);
    }

    private void pass(List<DocumentFile> files) throws IOException, InterruptedException {
        // To open the log would roll back what a newer order has under way.
        if (isOrdered() && isClosed(opener.look())) {
            return;
        }
        try (IngestionLog log = opener.open()) {
            if (!isOrdered()) {
                order(log);
            }
            if (!isClosed(log.progress().state())) {
                attempt(log);
                pass(log, files);
            }
        }
    }

    private void pass(IngestionLog log, List<DocumentFile> files) throws IOException, InterruptedException {
        settleRejections(log.progress().totals());
        Pass pass = new Pass(log, reading, refused, rejected, host(log), course, settings.commitInterval(), before);
        pass.run(files);
        commit(log, end(pass.totals()), pass.moved().values());
    }

    /// A commit that got no answer may have gone through all the same.
    private void settleRejections(Totals found) {
        if (found.equals(now.totals())) {
            rejected.rollBack();
        } else {
            rejected.commit();
        }
    }

    private Pass.Host host(IngestionLog log) {
        return new Pass.Host() {
            @Override
            public boolean isStopped() {
                return stopped;
            }

            @Override
            public void commit(Totals after, Map<Path, FileCursor> moved) {
                IngestionState running = now.running(after);
                Ingestion.this.commit(log, moved.isEmpty() ? running : running.attempted(0), moved.values());
            }
        };
    }

    private IngestionState end(Totals after) {
        if (stopped) {
            return now.running(after).attempted(0);
        }
        return now.ended(after.complete() ? IngestionState.Phase.DONE : IngestionState.Phase.INCOMPLETE, "", after);
    }

    /// Leaves word that a run begins, once: it may be the last that is heard of this process.
    private void attempt(IngestionLog log) {
        if (attempted) {
            return;
        }
        if (now.attempts() >= MOST_ATTEMPTS) {
            throw new IngestionFailedException(
                    now.attempts() + " processes in turn ended while they ran it, and none got any further: it may be"
                            + " what ends them, by the memory that it takes, say; see their logs, then order it again",
                    false);
        }
        commit(log, now.attempted(now.attempts() + 1), List.of());
        attempted = true;
    }

    /// @throws IngestionFailedException where a newer order runs
    private boolean isClosed(Optional<IngestionState> known) {
        Optional<IngestionState> end = known.filter(state -> state.closes(now.order()));
        if (end.isEmpty()) {
            return false;
        }
        if (end.get().order() > now.order()) {
            throw new IngestionFailedException(
                    "another process runs this ingestion, by a newer order; what was committed stays", true);
        }
        settleRejections(end.get().totals());
        now = end.get();
        return true;
    }

    private void recover(KafkaException e) throws InterruptedException {
        if (stopped) {
            // What was not committed, whoever goes on reads again.
            return;
        }
        if (isCausedBy(e, AuthorizationException.class)) {
            throw new IngestionFailedException("the cluster does not allow it: " + e.getMessage(), e);
        }
        if (refused.tooMany()) {
            throw new IngestionFailedException(
                    "the broker refuses more than " + RefusedPlaces.MOST + " documents, the last with: "
                            + e.getMessage(),
                    e);
        }
        if (since(lastCommit).compareTo(settings.patience()) > 0) {
            throw new IngestionFailedException(
                    "nothing could be committed for " + since(lastCommit).toSeconds() + " s: " + e.getMessage()
                            + "; run it again to go on",
                    e);
        }
        course.say("begins the last transaction again: " + e.getMessage());
        Thread.sleep(settings.retry());
    }

    /// What the network thread met is thrown by a later call, wrapped.
    private static boolean isCausedBy(Throwable error, Class<? extends KafkaException> type) {
        Throwable each = error;
        while (each != null && !type.isInstance(each)) {
            each = each.getCause();
        }
        return each != null;
    }

    private static Duration since(long nanos) {
        return Duration.ofNanos(System.nanoTime() - nanos);
    }
}
