package dev.millrace.producer.api;

import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Which reports a client of a stream wants to read, `?report=`; the summary comes in any case.
enum ReportLevel {
    ALL,
    /// All but the delivered.
    FAILURES,
    SUMMARY;

    static Optional<ReportLevel> parse(@Nullable String text) {
        if (text == null) {
            return Optional.of(ALL);
        }
        for (ReportLevel level : values()) {
            if (level.name().toLowerCase(Locale.ROOT).equals(text)) {
                return Optional.of(level);
            }
        }
        return Optional.empty();
    }

    boolean wants(Report.Status status) {
        return switch (this) {
            case ALL -> true;
            case FAILURES -> status != Report.Status.DELIVERED;
            case SUMMARY -> false;
        };
    }
}
