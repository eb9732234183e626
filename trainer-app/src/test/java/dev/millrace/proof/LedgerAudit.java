package dev.millrace.proof;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Holds a run's ledger against the log: steps without a hole, and every token of every document a target once.
///
/// A position is turned into an index into the partition's one stream of tokens. A step whose windows go from index
/// `a` to index `b` has the targets `a + 1` to `b`, but never more than the last token of the stream: the flush at the
/// end of a run consumes it as well, though nothing follows it. So of a stream of `n` tokens the targets are 1 to
/// `n - 1`, and each has to be covered once. Several epochs are one stream: the documents, and the documents again.
/// Of a run that goes on for ever, the targets are those up to where its last step ends.
///
/// Not thread-safe; for one ledger.
final class LedgerAudit {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Map<Integer, Stream> streams = new TreeMap<>();
    private final int epochs;
    private final boolean forEver;
    private final Map<Long, JsonNode> results = new HashMap<>();
    private final Map<Long, Long> targetsOfStep = new HashMap<>();
    private final List<String> problems = new ArrayList<>();
    private long owner;
    private long steps;
    private long repeatedResults;

    /// What a ledger says.
    ///
    /// @param steps composed
    /// @param trainedOnce documents all of whose tokens were targets once in each epoch
    /// @param duplicates documents with a token that was a target twice in an epoch
    /// @param gaps documents with a token that was none
    /// @param waiting documents of a run for ever that lie behind its last step, or that it ends in
    /// @param repeatedResults of steps that were done again
    /// @param problems all that is wrong, in words
    record Finding(
            long steps,
            long trainedOnce,
            long duplicates,
            long gaps,
            long waiting,
            long repeatedResults,
            List<String> problems) {
        Finding {
            problems = List.copyOf(problems);
        }
    }

    /// One partition's tokens, in offset order.
    private static final class Stream {
        private final NavigableMap<Long, LoggedDocument> documents;
        private final TreeMap<Long, Integer> firstToken = new TreeMap<>();
        private final int perEpoch;
        private final int[] covered;
        private int next;

        private Stream(NavigableMap<Long, LoggedDocument> documents, int epochs) {
            this.documents = documents;
            int tokens = 0;
            for (Map.Entry<Long, LoggedDocument> document : documents.entrySet()) {
                firstToken.put(document.getKey(), tokens);
                tokens = Math.addExact(tokens, document.getValue().tokens());
            }
            this.perEpoch = tokens;
            this.covered = new int[Math.multiplyExact(tokens, epochs)];
        }

        private int tokensBefore(int epoch, long offset) {
            Map.Entry<Long, Integer> at = firstToken.ceilingEntry(offset);
            return epoch * perEpoch + (at == null ? perEpoch : at.getValue());
        }

        private int size(long offset) {
            LoggedDocument document = documents.get(offset);
            return document == null ? 0 : document.tokens();
        }
    }

    private LedgerAudit(Map<Integer, NavigableMap<Long, LoggedDocument>> log, int epochs, boolean forEver) {
        this.epochs = epochs;
        this.forEver = forEver;
        log.forEach((partition, documents) -> streams.put(partition, new Stream(documents, epochs)));
    }

    /// Audits a run that is over.
    ///
    /// @param lines of the ledger
    /// @param log the documents by partition and offset; offsets between them hold none
    static Finding of(List<String> lines, Map<Integer, NavigableMap<Long, LoggedDocument>> log, int epochs) {
        return new LedgerAudit(log, epochs, false).read(lines);
    }

    /// Audits a run that goes on for ever, as far as it has come.
    static Finding soFar(List<String> lines, Map<Integer, NavigableMap<Long, LoggedDocument>> log) {
        return new LedgerAudit(log, 1, true).read(lines);
    }

    private Finding read(List<String> lines) {
        for (int i = 0; i < lines.size(); i++) {
            read(i + 1, lines.get(i));
        }
        return finish();
    }

    private void read(int number, String text) {
        JsonNode line;
        try {
            line = JSON.readTree(text);
        } catch (JsonProcessingException e) {
            problems.add("line " + number + " is not JSON: " + e.getOriginalMessage());
            return;
        }
        long step = line.path("step").asLong(-1);
        long by = line.path("owner").asLong(0);
        if (by < owner) {
            // The run had been taken from who wrote it.
            return;
        }
        owner = by;
        if (line.has("result")) {
            result(number, step, line.path("result"));
        } else if (line.has("partitions")) {
            composition(number, step, line);
        } else if (!line.has("owner")) {
            problems.add("line " + number + " is neither a composition nor a result");
        }
    }

    private void composition(int number, long step, JsonNode line) {
        if (step != steps + 1) {
            problems.add("line " + number + " composes step " + step + " after step " + steps);
        }
        steps = Math.max(steps, step);
        Map<Integer, Integer> turns = new HashMap<>();
        line.path("order").forEach(partition -> turns.merge(partition.asInt(), 1, Integer::sum));
        Map<Integer, Integer> windows = new HashMap<>();
        long targets = 0;
        for (JsonNode use : line.path("partitions")) {
            int partition = use.path("partition").asInt(-1);
            windows.put(partition, use.path("windows").asInt());
            Stream stream = streams.get(partition);
            if (stream == null) {
                problems.add("step " + step + " uses partition " + partition + ", which the log does not have");
            } else {
                targets += use(step, partition, stream, use);
            }
        }
        if (!turns.equals(windows)) {
            problems.add("step " + step + " has windows " + windows + " but its order says " + turns);
        }
        targetsOfStep.merge(step, targets, Long::sum);
    }

    /// @return how many targets the step has in this partition
    private long use(long step, int partition, Stream stream, JsonNode use) {
        Integer from = index(step, partition, stream, use.path("from"));
        Integer to = index(step, partition, stream, use.path("to"));
        if (from == null || to == null) {
            return 0;
        }
        if (from != stream.next || to <= from) {
            problems.add("step " + step + " takes partition " + partition + " from token " + from + " to " + to
                    + " of its stream, which stood at " + stream.next);
        }
        stream.next = Math.max(stream.next, to);
        int last = Math.min(to, stream.covered.length - 1);
        for (int token = from + 1; token <= last; token++) {
            stream.covered[token]++;
        }
        return Math.max(0, last - from);
    }

    private @Nullable Integer index(long step, int partition, Stream stream, JsonNode position) {
        int epoch = position.path("epoch").asInt(-1);
        long offset = position.path("offset").asLong(-1);
        int token = position.path("token").asInt(-1);
        if (epoch < 0 || epoch >= epochs || offset < 0 || token < 0 || token > stream.size(offset)) {
            problems.add("step " + step + " names a place of partition " + partition + " that the log does not have: "
                    + position);
            return null;
        }
        return stream.tokensBefore(epoch, offset) + token;
    }

    private void result(int number, long step, JsonNode result) {
        Long targets = targetsOfStep.get(step);
        if (targets == null) {
            problems.add("line " + number + " is the result of step " + step + ", which was not composed before");
        } else if (targets != result.path("tokens").asLong(-1)) {
            problems.add(
                    "step " + step + " was trained on " + result.path("tokens") + " tokens and composed of " + targets);
        }
        JsonNode before = results.putIfAbsent(step, result);
        if (before == null) {
            return;
        }
        repeatedResults++;
        for (String name : List.of("loss", "gradientNorm")) {
            if (!before.path(name).equals(result.path(name))) {
                problems.add("step " + step + " was done again with " + name + " " + result.path(name) + ", not "
                        + before.path(name));
            }
        }
    }

    private Finding finish() {
        for (long step = 1; step <= steps; step++) {
            if (!results.containsKey(step)) {
                problems.add("step " + step + " has no result");
            }
        }
        Tally tally = new Tally();
        streams.forEach((partition, stream) -> tally(partition, stream, tally));
        return new Finding(steps, tally.once, tally.duplicates, tally.gaps, tally.waiting, repeatedResults, problems);
    }

    private static final class Tally {
        private long once;
        private long duplicates;
        private long gaps;
        private long waiting;
    }

    private void tally(int partition, Stream stream, Tally tally) {
        int last = forEver ? stream.next : stream.covered.length - 1;
        for (Map.Entry<Long, LoggedDocument> document : stream.documents.entrySet()) {
            boolean missed = false;
            boolean twice = false;
            boolean waits = false;
            for (int epoch = 0; epoch < epochs; epoch++) {
                int first = stream.tokensBefore(epoch, document.getKey());
                int end = first + document.getValue().tokens();
                waits |= end - 1 > last;
                // The very first token of a partition is only ever an input.
                for (int token = Math.max(1, first); token < Math.min(end, last + 1); token++) {
                    missed |= stream.covered[token] == 0;
                    twice |= stream.covered[token] > 1;
                }
            }
            tally.once += missed || twice || waits ? 0 : 1;
            tally.duplicates += twice ? 1 : 0;
            tally.gaps += missed ? 1 : 0;
            tally.waiting += waits ? 1 : 0;
            if (missed || twice) {
                problems.add("document " + document.getValue().id() + " at @" + document.getKey() + " of partition "
                        + partition + " was " + (missed ? "not wholly trained" : "trained twice in part"));
            }
        }
    }
}
