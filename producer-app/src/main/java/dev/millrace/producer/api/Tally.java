package dev.millrace.producer.api;

import java.util.EnumMap;
import java.util.Map;

/// What the documents of one request came to. On the event loop of the request.
final class Tally {
    private final Map<Report.Status, Long> counts = new EnumMap<>(Report.Status.class);

    void count(Report.Status status) {
        counts.merge(status, 1L, Long::sum);
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
