package dev.millrace.producer.ingest;

import dev.millrace.producer.source.DocumentFile;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/// A bar on a terminal, below the lines that are said. It is drawn with carriage returns and blanks alone, which
/// every terminal knows.
final class CourseBar implements Course {
    private static final Duration REDRAW = Duration.ofMillis(100);
    private static final Duration MEASURE = Duration.ofSeconds(2);

    private final Terminal terminal;
    private final PrintStream out;
    private final Consumer<String> lines;
    /// Of the files that were not read to their end.
    private final Map<Path, Long> sizes = new HashMap<>();

    private final long all;
    private final long began = System.nanoTime();
    private long ended;
    private long first = -1;
    private long drawn = began - REDRAW.toNanos();
    private long measured = began - MEASURE.toNanos();
    private int width;
    private int length;
    private long documents;

    /// @param out the terminal
    /// @param lines take what is said; they go there too
    CourseBar(Terminal terminal, PrintStream out, Consumer<String> lines, List<DocumentFile> files) throws IOException {
        this.terminal = terminal;
        this.out = out;
        this.lines = lines;
        for (DocumentFile file : files) {
            sizes.put(file.path(), Files.size(file.path()));
        }
        this.all = sizes.values().stream().mapToLong(Long::longValue).sum();
    }

    @Override
    public void say(String line) {
        erase();
        lines.accept(line);
    }

    @Override
    public void at(Object place, long fileBytes, long read, Totals committed) {
        documents = read;
        if (System.nanoTime() - drawn >= REDRAW.toNanos()) {
            draw(ended + fileBytes);
        }
    }

    @Override
    public void ended(DocumentFile file) {
        // Once: after a transaction that failed they all come again.
        Long size = sizes.remove(file.path());
        ended += size == null ? 0 : size;
        draw(ended);
    }

    private void draw(long done) {
        drawn = System.nanoTime();
        if (drawn - measured >= MEASURE.toNanos()) {
            measured = drawn;
            width = terminal.width();
        }
        if (first < 0) {
            // Where an earlier run had come to.
            first = done;
        }
        ProgressBar bar = new ProgressBar(all, done, done - first, documents, Duration.ofNanos(drawn - began));
        erase();
        String text = bar.text(width);
        length = text.length();
        out.print(text);
        out.flush();
    }

    private void erase() {
        if (length > 0) {
            out.print("\r" + " ".repeat(length) + "\r");
            out.flush();
            length = 0;
        }
    }

    @Override
    public void close() {
        if (length > 0) {
            out.println();
            length = 0;
        }
    }
}
