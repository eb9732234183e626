package dev.millrace.producer.api;

import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What the documents of one request came to. On the event loop of the request.
///
/// A client may be gone before that is known of all: what it sent is on its way, and is counted all the same.
final class Tally {
    private final Map<Report.Status, Long> counts = new EnumMap<>(Report.Status.class);
    private boolean open;
    private @Nullable Runnable whenWhole;

    /// Documents are on their way, or may follow.
    void open() {
        open = true;
    }

    void count(Report.Status status) {
        counts.merge(status, 1L, Long::sum);
    }

    /// All are counted.
    void close() {
        open = false;
        Runnable now = whenWhole;
        whenWhole = null;
        if (now != null) {
            now.run();
        }
    }

    /// @param now run once, when all are counted: at once, where nothing is on its way; the publisher leaves
    ///     nothing open for longer than `max.block.ms` and `delivery.timeout.ms` together
    void whenWhole(Runnable now) {
        if (open) {
            whenWhole = now;
        } else {
            now.run();
        }
    }

    long of(Report.Status status) {
        return counts.getOrDefault(status, 0L);
    }

    /// `name=value` each, after a blank; empty where no document came.
    String text() {
        StringBuilder text = new StringBuilder();
        if (!counts.isEmpty()) {
            for (Report.Status status : Report.Status.values()) {
                text.append(' ').append(status.text()).append('=').append(of(status));
            }
        }
        return text.toString();
    }
}
