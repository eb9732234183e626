package dev.millrace.producer.ingest;

import java.util.ArrayDeque;
import java.util.Deque;

/// How far a file is settled without a gap, while answers come in any order. Thread-safe; holds at most the window.
final class AcknowledgedPrefix {
    private final Deque<Entry> open = new ArrayDeque<>();
    private long line;
    private long bytes;
    private boolean broken;

    AcknowledgedPrefix(long line, long bytes) {
        this.line = line;
        this.bytes = bytes;
    }

    /// A document under way. Settled from outside, under the prefix's lock.
    static final class Entry {
        private final long line;
        private final long end;
        private boolean settled;

        private Entry(long line, long end) {
            this.line = line;
            this.end = end;
        }
    }

    synchronized Entry begin(long entryLine, long end) {
        Entry entry = new Entry(entryLine, end);
        if (!broken) {
            open.addLast(entry);
        }
        return entry;
    }

    /// The entry needs nothing more: it is on the log, or it never will be and that was told. One that is never
    /// settled, because its delivery failed, holds the prefix where it is.
    synchronized void settle(Entry entry) {
        entry.settled = true;
        while (!open.isEmpty() && open.getFirst().settled) {
            Entry first = open.removeFirst();
            line = first.line;
            bytes = first.end;
        }
    }

    /// The entry is not on the log, or may not be: the prefix ends before it, and what follows need not be kept.
    synchronized void fail() {
        broken = true;
    }

    synchronized FileCursor cursor(FileCursor of) {
        return new FileCursor(of.file(), of.identity(), line, bytes);
    }
}
