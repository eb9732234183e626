package dev.millrace.producer.ingest;

import dev.millrace.producer.source.DocumentFile;
import java.time.Duration;
import java.util.function.Consumer;

/// A line now and then: for a log.
final class CourseLines implements Course {
    private final Duration interval;
    private final Consumer<String> out;
    private final long began = System.nanoTime();
    private long last = began;

    /// @param interval between two lines
    CourseLines(Duration interval, Consumer<String> out) {
        this.interval = interval;
        this.out = out;
    }

    @Override
    public void say(String line) {
        out.accept(line);
    }

    @Override
    public void at(Object place, long fileBytes, long read, Totals committed) {
        long now = System.nanoTime();
        if (now - last >= interval.toNanos()) {
            last = now;
            out.accept(place + ": " + committed.line(Duration.ofNanos(now - began)));
        }
    }

    @Override
    public void ended(DocumentFile file) {
        // The next line says which is read.
    }

    @Override
    public void close() {
        // Nothing is left half said.
    }
}
