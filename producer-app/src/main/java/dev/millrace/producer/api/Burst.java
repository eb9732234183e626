package dev.millrace.producer.api;

import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// The documents of one buffer of a body. They are reported together: to wake the event loop for each of them would
/// cost more than to send it.
///
/// [#report] may be called by any thread, once for each place; one thread seals and takes.
final class Burst {
    private final @Nullable Report[] reports;
    /// Reports that are missing, and one more until it is sealed.
    private final AtomicInteger missing;
    private final Runnable completed;
    private int size;
    private int taken;

    /// @param size documents
    /// @param completed run by the thread that brings the last report, where that comes after [#seal]
    Burst(int size, Runnable completed) {
        this.size = size;
        this.reports = new Report[size];
        this.missing = new AtomicInteger(size + 1);
        this.completed = completed;
    }

    void report(int place, Report report) {
        reports[place] = report;
        if (missing.decrementAndGet() == 0) {
            completed.run();
        }
    }

    /// The report of a place, where it was brought by this thread.
    @Nullable
    Report brought(int place) {
        return reports[place];
    }

    /// Ends with fewer documents: for the places from there on nothing will be reported. Before [#seal].
    void cut(int places) {
        missing.addAndGet(places - size);
        size = places;
    }

    /// All documents are on their way. Whoever seals looks whether it is complete already.
    void seal() {
        missing.decrementAndGet();
    }

    /// Whether all reports are there, and can be taken.
    boolean isComplete() {
        return missing.get() == 0;
    }

    int size() {
        return size;
    }

    boolean hasNext() {
        return taken < size;
    }

    /// Takes the next report, in the order of the documents.
    Report next() {
        return Objects.requireNonNull(reports[taken++], "a burst is complete before it is taken");
    }
}
