package dev.millrace.trainer.ledger;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import dev.millrace.trainer.batch.Composition;
import dev.millrace.trainer.batch.Untrained;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;

/// The form of the ledger on disk: a JSON object a line. `{"step":N,"owner":M,"crc":…}` says that owner `M` has taken
/// the run and goes on after step `N`; `{"step":N, …}` is the composition of a step, written before it;
/// `{"step":N,"result":{…}}` what came of it; `{"step":N,"settings":{…}}` says that from there on the run has others.
/// A step that was done again after a crash has its result twice. `{"step":N,"untrained":[…]}` says that with step `N`
/// the run came to its end, and what was read behind it and is not trained; it holds as long as no step follows.
///
/// Each line has the number of its owner, and ends with the CRC-32C of what stands before that: a line that was changed
/// is found. One of an owner that another has followed is none of the run's, for the run had been taken from it when it
/// wrote: it is passed over. Ledgers of before there were such numbers have neither.
final class LedgerFile {
    private static final ObjectMapper JSON = new ObjectMapper()
            .registerModule(new JavaTimeModule())
            .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

    /// What stands before the check of a line, and the check.
    private static final Pattern CHECKED = Pattern.compile("(.*),\"crc\":\"([0-9a-f]{8})\"}", Pattern.DOTALL);

    private LedgerFile() {}

    sealed interface Line {
        long step();

        record Taken(long step) implements Line {}

        record Composed(long step, Composition composition) implements Line {}

        record Done(long step, StepResult result) implements Line {}

        record Ended(long step, List<Untrained> untrained) implements Line {}

        record Changed(SettingsChange change) implements Line {
            @Override
            public long step() {
                return change.step();
            }
        }
    }

    /// Looks at each line in turn until it has seen enough.
    interface Visitor {
        /// @param at where the line begins
        /// @return whether to go on
        boolean visit(Line line, From at) throws IOException;

        /// A line is passed over: its owner had been followed by another when it was written.
        default void late(long owner) {}
    }

    /// @param owner that writes it
    static byte[] bytes(Line line, long owner) {
        ObjectNode json = JSON.createObjectNode().put("step", line.step()).put("owner", owner);
        switch (line) {
            case Line.Taken _ -> {}
            case Line.Composed composed -> json.setAll((ObjectNode) JSON.valueToTree(composed.composition()));
            case Line.Done done -> json.set("result", JSON.valueToTree(done.result()));
            case Line.Ended ended -> json.set("untrained", JSON.valueToTree(ended.untrained()));
            case Line.Changed changed ->
                json.set("settings", JSON.valueToTree(changed.change().settings()));
        }
        String text = json.toString();
        String checked = text.substring(0, text.length() - 1);
        return (checked + ",\"crc\":\"" + crc(checked) + "\"}\n").getBytes(StandardCharsets.UTF_8);
    }

    private static String crc(String text) {
        CRC32C crc = new CRC32C();
        crc.update(text.getBytes(StandardCharsets.UTF_8));
        return HexFormat.of().toHexDigits((int) crc.getValue());
    }

    static byte[] bytes(LedgerEntry entry) {
        return JSON.valueToTree(entry).toString().getBytes(StandardCharsets.UTF_8);
    }

    /// Reads the whole lines of a file; a last one without its end was never finished.
    ///
    /// @param from where a line begins
    /// @param to the byte after the last one that is whole
    /// @return where what comes next begins
    /// @throws IOException naming file and line where one cannot be read
    static From read(Path file, From from, long to, Visitor visitor) throws IOException {
        long number = 0;
        long at = from.at();
        long owner = from.owner();
        try (FileChannel bytes = FileChannel.open(file);
                BufferedReader lines =
                        new BufferedReader(Channels.newReader(bytes.position(at), StandardCharsets.UTF_8))) {
            String text = lines.readLine();
            while (text != null) {
                number++;
                long next = at + text.getBytes(StandardCharsets.UTF_8).length + 1L;
                if (next > to) {
                    break;
                }
                String where = file + ", line " + number + (from.at() == 0 ? "" : " from byte " + from.at());
                ObjectNode json = parse(where, text);
                long by = json.path("owner").asLong(0);
                if (by < owner) {
                    visitor.late(by);
                } else {
                    owner = by;
                    if (!visitor.visit(line(where, json), new From(at, owner))) {
                        break;
                    }
                }
                at = next;
                text = lines.readLine();
            }
        }
        return new From(at, owner);
    }

    /// The length of the lines that are whole: a last one without its end was never finished, or is being written.
    static long wholeBytes(Path file) throws IOException {
        try (SeekableByteChannel bytes = Files.newByteChannel(file)) {
            ByteBuffer one = ByteBuffer.allocate(1);
            for (long whole = bytes.size(); whole > 0; whole--) {
                bytes.position(whole - 1);
                one.clear();
                if (bytes.read(one) == 1 && one.get(0) == '\n') {
                    return whole;
                }
            }
        }
        return 0;
    }

    /// Where to read from.
    ///
    /// @param at a byte that a line begins with
    /// @param owner whose lines those before it are, or later ones; 0 where there are none
    record From(long at, long owner) {
        static final From BEGINNING = new From(0, 0);
    }

    private static ObjectNode parse(String where, String text) throws IOException {
        Matcher checked = CHECKED.matcher(text);
        boolean whole = checked.matches();
        if (whole && !crc(checked.group(1)).equals(checked.group(2))) {
            throw damaged(where, "its CRC-32C is not that of what it says");
        }
        try {
            if (!(JSON.readTree(text) instanceof ObjectNode json)
                    || !json.path("step").isIntegralNumber()) {
                throw damaged(where, "it is no entry of a ledger");
            }
            if (!whole && json.has("owner")) {
                throw damaged(where, "it lacks its CRC-32C");
            }
            return json;
        } catch (JsonProcessingException e) {
            throw damaged(where, e.getOriginalMessage());
        }
    }

    private static IOException damaged(String where, String why) {
        return new IOException(where + " is not what was written: " + why
                + ". Bring the file back from a copy, or begin a new run in another millrace.checkpoint.directory");
    }

    private static Line line(String where, ObjectNode json) throws IOException {
        long step = json.get("step").longValue();
        try {
            if (json.has("settings")) {
                return new Line.Changed(JSON.treeToValue(json, SettingsChange.class));
            }
            if (json.has("result")) {
                return new Line.Done(step, JSON.treeToValue(json.get("result"), StepResult.class));
            }
            if (json.has("owner") && !json.has("partitions")) {
                return json.has("untrained")
                        ? new Line.Ended(step, List.of(JSON.treeToValue(json.get("untrained"), Untrained[].class)))
                        : new Line.Taken(step);
            }
            if (!json.has("skips")) {
                json.putArray("skips");
            }
            return new Line.Composed(step, JSON.treeToValue(json, Composition.class));
        } catch (JsonProcessingException e) {
            throw damaged(where, e.getOriginalMessage());
        }
    }
}
