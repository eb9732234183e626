package dev.millrace.trainer.ledger;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import dev.millrace.trainer.batch.Composition;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/// The form of the ledger on disk: a JSON object a line. `{"step":N, …}` is the composition of a step, written
/// before it; `{"step":N,"result":{…}}` what came of it; `{"step":N,"settings":{…}}` says that from there on
/// the run has others. A step that was done again after a crash has its result twice.
final class LedgerFile {
    private static final ObjectMapper JSON = new ObjectMapper()
            .registerModule(new JavaTimeModule())
            .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

    private LedgerFile() {}

    sealed interface Line {
        long step();

        record Composed(long step, Composition composition) implements Line {}

        record Done(long step, StepResult result) implements Line {}

        record Changed(SettingsChange change) implements Line {
            @Override
            public long step() {
                return change.step();
            }
        }
    }

    /// Looks at each line in turn until it has seen enough.
    interface Visitor {
        /// @param at the byte that the line begins with
        /// @return whether to go on
        boolean visit(Line line, long at) throws IOException;
    }

    static byte[] bytes(Line line) {
        ObjectNode json = JSON.createObjectNode().put("step", line.step());
        switch (line) {
            case Line.Composed composed -> json.setAll((ObjectNode) JSON.valueToTree(composed.composition()));
            case Line.Done done -> json.set("result", JSON.valueToTree(done.result()));
            case Line.Changed changed ->
                json.set("settings", JSON.valueToTree(changed.change().settings()));
        }
        return (json + "\n").getBytes(StandardCharsets.UTF_8);
    }

    static byte[] bytes(LedgerEntry entry) {
        return JSON.valueToTree(entry).toString().getBytes(StandardCharsets.UTF_8);
    }

    /// Reads the whole lines of a file; a last one without its end was never finished.
    ///
    /// @param from the byte that a line begins with
    /// @param to the byte after the last one that is whole
    /// @throws IOException naming file and line where one cannot be read
    static void read(Path file, long from, long to, Visitor visitor) throws IOException {
        long number = 0;
        long at = from;
        try (FileChannel bytes = FileChannel.open(file);
                BufferedReader lines =
                        new BufferedReader(Channels.newReader(bytes.position(from), StandardCharsets.UTF_8))) {
            String line = lines.readLine();
            while (line != null) {
                number++;
                long next = at + line.getBytes(StandardCharsets.UTF_8).length + 1L;
                if (next > to) {
                    return;
                }
                String where = file + ", line " + number + (from == 0 ? "" : " from byte " + from);
                if (!visitor.visit(parse(where, line), at)) {
                    return;
                }
                at = next;
                line = lines.readLine();
            }
        }
    }

    private static Line parse(String where, String line) throws IOException {
        try {
            if (!(JSON.readTree(line) instanceof ObjectNode json)
                    || !json.path("step").isIntegralNumber()) {
                throw new IOException(where + " is no entry of a ledger");
            }
            if (json.has("settings")) {
                return new Line.Changed(JSON.treeToValue(json, SettingsChange.class));
            }
            long step = json.get("step").longValue();
            if (!json.has("skips")) {
                json.putArray("skips");
            }
            return json.has("result")
                    ? new Line.Done(step, JSON.treeToValue(json.get("result"), StepResult.class))
                    : new Line.Composed(step, JSON.treeToValue(json, Composition.class));
        } catch (JsonProcessingException e) {
            throw new IOException(where + " cannot be read: " + e.getOriginalMessage(), e);
        }
    }
}
