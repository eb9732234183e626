package dev.millrace.producer.ingest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.Locale;

/// What an ingestion has done.
///
/// @param documents read; a last line that lacks its end is read, and counted, again by the next run
/// @param delivered committed to the log
/// @param rejected no documents, by our rules
/// @param failed refused by the broker for good
/// @param bytes of the delivered ones' values
public record Totals(long documents, long delivered, long rejected, long failed, long bytes) {
    static final Totals NONE = new Totals(0, 0, 0, 0, 0);

    Totals plusDelivered(long size) {
        return new Totals(documents + 1, delivered + 1, rejected, failed, bytes + size);
    }

    Totals plusRejected() {
        return new Totals(documents + 1, delivered, rejected + 1, failed, bytes);
    }

    Totals plusFailed() {
        return new Totals(documents + 1, delivered, rejected, failed + 1, bytes);
    }

    Totals plus(Totals more) {
        return new Totals(
                documents + more.documents,
                delivered + more.delivered,
                rejected + more.rejected,
                failed + more.failed,
                bytes + more.bytes);
    }

    Totals minus(Totals less) {
        return new Totals(
                documents - less.documents,
                delivered - less.delivered,
                rejected - less.rejected,
                failed - less.failed,
                bytes - less.bytes);
    }

    /// Whether every document is on the log.
    public boolean complete() {
        return delivered == documents;
    }

    void write(ObjectNode json) {
        json.put("documents", documents)
                .put("delivered", delivered)
                .put("rejected", rejected)
                .put("failed", failed)
                .put("bytes", bytes);
    }

    static Totals read(JsonNode json) {
        return new Totals(
                json.required("documents").asLong(),
                json.required("delivered").asLong(),
                json.required("rejected").asLong(),
                json.required("failed").asLong(),
                json.required("bytes").asLong());
    }

    /// For people.
    ///
    /// @param spent on these documents
    String line(Duration spent) {
        double seconds = Math.max(1e-3, spent.toMillis() / 1000.0);
        return String.format(
                Locale.ROOT,
                "%,d documents: %,d delivered, %,d rejected, %,d failed; %,.1f MB, %,.0f documents/s",
                documents,
                delivered,
                rejected,
                failed,
                bytes / 1e6,
                delivered / seconds);
    }
}
