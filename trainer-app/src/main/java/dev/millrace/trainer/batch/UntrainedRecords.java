package dev.millrace.trainer.batch;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/// What is read and not trained while a step is made, as few stretches: a function of the records alone, however the
/// partitions were read in turn.
///
/// Bounded, whatever lies on the log: beyond [#EXACT] stretches of a partition, one begins only behind a record that
/// is trained, and of those a step has no more than tokens. Not thread-safe: the preparing thread owns it.
final class UntrainedRecords {
    /// Stretches of a partition and a step that are told apart by reason.
    private static final int EXACT = 100;

    private final SortedMap<Integer, List<Untrained>> stretches = new TreeMap<>();

    /// Adds what comes next in its partition.
    ///
    /// @param last offset, included; nothing is added where it lies before `first`
    void add(int partition, int epoch, long first, long last, Untrained.Why why) {
        if (last < first) {
            return;
        }
        List<Untrained> sofar = stretches.computeIfAbsent(partition, _ -> new ArrayList<>());
        SortedSet<Untrained.Why> reasons = new TreeSet<>(Set.of(why));
        long begin = first;
        if (!sofar.isEmpty()) {
            Untrained before = sofar.getLast();
            boolean adjoins = before.epoch() == epoch && before.last() + 1 == first;
            if (adjoins && (before.why().equals(reasons) || sofar.size() >= EXACT)) {
                sofar.removeLast();
                reasons.addAll(before.why());
                begin = before.first();
            }
        }
        sofar.add(new Untrained(partition, epoch, begin, last, reasons));
    }

    /// What was added since it was asked before, by partition and offset.
    List<Untrained> take() {
        List<Untrained> taken =
                stretches.values().stream().flatMap(List::stream).toList();
        stretches.clear();
        return taken;
    }
}
