package dev.millrace.producer.ingest;

import java.time.Duration;
import java.util.Locale;

/// How far an ingestion is, in one line of a terminal.
///
/// @param all bytes of all files
/// @param done bytes of them that were read, by earlier runs too
/// @param now bytes of them that this run has read
/// @param documents that this run has read
/// @param spent by this run
record ProgressBar(long all, long done, long now, long documents, Duration spent) {
    private static final int MOST_CELLS = 40;
    private static final int LEAST_CELLS = 5;

    /// @param width of the terminal in characters; the line is shorter, so that the cursor stays in it
    String text(int width) {
        double part = all == 0 ? 1 : Math.min(1, (double) done / all);
        double seconds = Math.max(1e-3, spent.toMillis() / 1000.0);
        String share = String.format(Locale.ROOT, "%3d %%", (int) (100 * part));
        String rest = String.format(
                Locale.ROOT,
                "  %s of %s  %,.0f documents/s  %s",
                megabytes(Math.min(done, all)),
                megabytes(all),
                documents / seconds,
                left(seconds));
        int cells = Math.min(MOST_CELLS, width - 1 - share.length() - rest.length() - 3);
        if (cells < LEAST_CELLS) {
            String line = share + rest;
            return line.substring(0, Math.max(0, Math.min(line.length(), width - 1)));
        }
        int full = (int) (cells * part);
        return "[" + "#".repeat(full) + "-".repeat(cells - full) + "] " + share + rest;
    }

    private static String megabytes(long bytes) {
        return String.format(Locale.ROOT, "%,.1f MB", bytes / 1e6);
    }

    /// How long it will take at the rate of this run.
    private String left(double seconds) {
        long bytes = all - done;
        if (bytes <= 0) {
            return "0:00 left";
        }
        if (now <= 0) {
            return "-:-- left";
        }
        long left = (long) Math.ceil(bytes * seconds / now);
        return left < 3_600
                ? String.format(Locale.ROOT, "%d:%02d left", left / 60, left % 60)
                : String.format(Locale.ROOT, "%d:%02d:%02d left", left / 3_600, left / 60 % 60, left % 60);
    }
}
