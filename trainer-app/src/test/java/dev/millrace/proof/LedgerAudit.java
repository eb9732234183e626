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
/// `n - 1`, and each has to be covered once.
///
/// Not thread-safe; for one ledger of one epoch.
final class LedgerAudit {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Map<Integer, Stream> streams = new TreeMap<>();
    private final Map<Long, JsonNode> results = new HashMap<>();
    private final Map<Long, Long> targetsOfStep = new HashMap<>();
    private final List<String> problems = new ArrayList<>();
    private long steps;
    private long repeatedResults;

    /// What a ledger says.
    ///
    /// @param steps composed
    /// @param trainedOnce documents all of whose tokens were targets once
    /// @param duplicates documents with a token that was a target twice
    /// @param gaps documents with a token that was none
    /// @param repeatedResults of steps that were done again
    /// @param problems all that is wrong, in words
    record Finding(
            long steps, long trainedOnce, long duplicates, long gaps, long repeatedResults, List<String> problems) {
        Finding {
            problems = List.copyOf(problems);
        }
    }

    /// One partition's tokens, in offset order.
    private static final class Stream {
        private final NavigableMap<Long, LoggedDocument> documents;
        private final TreeMap<Long, Integer> firstToken = new TreeMap<>();
        private final int[] covered;
        private int next;

        private Stream(NavigableMap<Long, LoggedDocument> documents) {
            this.documents = documents;
            int tokens = 0;
            for (Map.Entry<Long, LoggedDocument> document : documents.entrySet()) {
                firstToken.put(document.getKey(), tokens);
                tokens = Math.addExact(tokens, document.getValue().tokens());
            }
            this.covered = new int[tokens];
        }

        private int tokensBefore(long offset) {
            Map.Entry<Long, Integer> at = firstToken.ceilingEntry(offset);
            return at == null ? covered.length : at.getValue();
        }

        private int size(long offset) {
            LoggedDocument document = documents.get(offset);
            return document == null ? 0 : document.tokens();
        }
    }

    private LedgerAudit(Map<Integer, NavigableMap<Long, LoggedDocument>> log) {
        log.forEach((partition, documents) -> streams.put(partition, new Stream(documents)));
    }

    /// @param lines of the ledger
    /// @param log the documents by partition and offset; offsets between them hold none
    static Finding of(List<String> lines, Map<Integer, NavigableMap<Long, LoggedDocument>> log) {
        LedgerAudit audit = new LedgerAudit(log);
        for (int i = 0; i < lines.size(); i++) {
            audit.read(i + 1, lines.get(i));
        }
        return audit.finish();
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
        if (line.has("result")) {
            result(number, step, line.path("result"));
        } else if (line.has("partitions")) {
            composition(number, step, line);
        } else {
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
        if (epoch != 0 || offset < 0 || token < 0 || token > stream.size(offset)) {
            problems.add("step " + step + " names a place of partition " + partition + " that the log does not have: "
                    + position);
            return null;
        }
        return stream.tokensBefore(offset) + token;
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
        long once = 0;
        long duplicates = 0;
        long gaps = 0;
        for (Map.Entry<Integer, Stream> entry : streams.entrySet()) {
            Stream stream = entry.getValue();
            for (Map.Entry<Long, LoggedDocument> document : stream.documents.entrySet()) {
                int first = stream.tokensBefore(document.getKey());
                boolean missed = false;
                boolean twice = false;
                // The very first token of a partition is only ever an input.
                for (int token = Math.max(1, first);
                        token < first + document.getValue().tokens();
                        token++) {
                    missed |= stream.covered[token] == 0;
                    twice |= stream.covered[token] > 1;
                }
                once += missed || twice ? 0 : 1;
                duplicates += twice ? 1 : 0;
                gaps += missed ? 1 : 0;
                if (missed || twice) {
                    problems.add("document " + document.getValue().id() + " at @" + document.getKey()
                            + " of partition " + entry.getKey() + " was "
                            + (missed ? "not wholly trained" : "trained twice in part"));
                }
            }
        }
        return new Finding(steps, once, duplicates, gaps, repeatedResults, problems);
    }
}
