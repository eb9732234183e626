package dev.millrace.producer.ingest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;

/// How an ingestion stands, as it lies on the state topic.
///
/// @param path what is ingested, absolute
/// @param order number of the order that this is about, from 1: the newest is run, until its end is written down,
///     whoever writes that
/// @param phase where it is
/// @param detail why it failed; empty otherwise
/// @param served whether a server runs it, so that another may go on with it
/// @param attempts runs that began since it last moved: of one that ends its process nothing else is left
/// @param totals committed so far, by all runs
/// @param at when this was written
public record IngestionState(
        Path path, long order, Phase phase, String detail, boolean served, int attempts, Totals totals, Instant at) {
    /// Where an ingestion is.
    public enum Phase {
        /// It runs, or its process is gone.
        RUNNING,
        /// Every document is on the log.
        DONE,
        /// It came to the end, and some documents were rejected or refused.
        INCOMPLETE,
        /// It was told to end.
        CANCELLED,
        /// It cannot go on: see the detail.
        FAILED;

        /// As it stands in JSON.
        public String text() {
            return name().toLowerCase(Locale.ROOT);
        }

        static Phase of(String text) {
            return valueOf(text.toUpperCase(Locale.ROOT));
        }
    }

    /// One that nobody has ordered yet.
    static IngestionState unordered(Path path, boolean served) {
        return new IngestionState(path, 0, Phase.RUNNING, "", served, 0, Totals.NONE, Instant.now());
    }

    /// As this one, ordered after all that were.
    IngestionState orderedAfter(Optional<IngestionState> known) {
        return new IngestionState(
                path,
                known.map(IngestionState::order).orElse(0L) + 1,
                Phase.RUNNING,
                "",
                served,
                0,
                known.map(IngestionState::totals).orElse(Totals.NONE),
                Instant.now());
    }

    /// As this one, ordered in place of one that nobody runs any more.
    IngestionState orderedInPlaceOf(IngestionState orphan) {
        return orderedAfter(Optional.of(orphan)).attempted(orphan.attempts);
    }

    /// As it runs, where it may have moved.
    IngestionState running(Totals after) {
        return new IngestionState(path, order, Phase.RUNNING, "", served, attempts, after, Instant.now());
    }

    IngestionState attempted(int times) {
        return new IngestionState(path, order, phase, detail, served, times, totals, Instant.now());
    }

    IngestionState ended(Phase how, String why, Totals after) {
        return new IngestionState(path, order, how, why, served, attempts, after, Instant.now());
    }

    /// Whether an order is not to be run any more: its end is written down, or it gave way to a newer one.
    boolean closes(long which) {
        return order > which || (order == which && phase != Phase.RUNNING);
    }

    void write(ObjectNode json) {
        json.put("path", path.toString())
                .put("order", order)
                .put("phase", phase.text())
                .put("detail", detail)
                .put("served", served)
                .put("attempts", attempts)
                .put("at", at.toString());
        totals.write(json);
    }

    /// One that was written before orders and attempts were counted has none.
    static IngestionState read(JsonNode json) {
        return new IngestionState(
                Path.of(json.required("path").asText()),
                json.path("order").asLong(0),
                Phase.of(json.required("phase").asText()),
                json.required("detail").asText(),
                json.required("served").asBoolean(),
                json.path("attempts").asInt(0),
                Totals.read(json),
                Instant.parse(json.required("at").asText()));
    }
}
