package dev.millrace.producer.ingest;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Locale;

/// How an ingestion stands, as it lies on the state topic.
///
/// @param path what is ingested, absolute
/// @param phase where it is
/// @param detail why it failed; empty otherwise
/// @param served whether a server runs it, so that another may go on with it
/// @param totals committed so far, by all runs
/// @param at when this was written
public record IngestionState(Path path, Phase phase, String detail, boolean served, Totals totals, Instant at) {
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

    static IngestionState running(Path path, boolean served, Totals totals) {
        return new IngestionState(path, Phase.RUNNING, "", served, totals, Instant.now());
    }

    IngestionState ended(Phase how, String why, Totals after) {
        return new IngestionState(path, how, why, served, after, Instant.now());
    }

    void write(ObjectNode json) {
        json.put("path", path.toString())
                .put("phase", phase.text())
                .put("detail", detail)
                .put("served", served)
                .put("at", at.toString());
        totals.write(json);
    }

    static IngestionState read(JsonNode json) {
        return new IngestionState(
                Path.of(json.required("path").asText()),
                Phase.of(json.required("phase").asText()),
                json.required("detail").asText(),
                json.required("served").asBoolean(),
                Totals.read(json),
                Instant.parse(json.required("at").asText()));
    }
}
