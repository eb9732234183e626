package dev.millrace.trainer.observe;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;

/// Which traces the records of the log belong to, from when they are fetched until they are trained. Thread-safe.
///
/// Neighbours of one trace are one entry, as a stream of documents is one request; of each partition the last so many
/// are kept.
final class RecordTraces {
    private static final String NONE = "";

    private final int size;
    /// By partition, the trace of the records from an offset on.
    private final Map<Integer, NavigableMap<Long, String>> from = new TreeMap<>();

    /// @param size entries of a partition
    RecordTraces(int size) {
        this.size = size;
    }

    /// A record was fetched; those of a partition come in order, and again where they are read again.
    ///
    /// @param trace empty where it belongs to none
    synchronized void fetched(int partition, long offset, String trace) {
        NavigableMap<Long, String> traces = from.computeIfAbsent(partition, _ -> new TreeMap<>());
        Map.Entry<Long, String> before = traces.floorEntry(offset);
        if (!(before == null ? NONE : before.getValue()).equals(trace)) {
            traces.put(offset, trace);
            if (traces.size() > size) {
                traces.pollFirstEntry();
            }
        }
    }

    /// The traces of some records, each once; what lies before them is forgotten.
    ///
    /// @param first offset
    /// @param last offset
    /// @param most traces to be named
    synchronized List<String> take(int partition, long first, long last, int most) {
        NavigableMap<Long, String> traces = from.get(partition);
        if (traces == null) {
            return List.of();
        }
        Long begin = traces.floorKey(first);
        if (begin != null) {
            traces.headMap(begin, false).clear();
        }
        Set<String> found = new LinkedHashSet<>();
        for (String trace : traces.headMap(last, true).values()) {
            if (found.size() < most && !trace.isEmpty()) {
                found.add(trace);
            }
        }
        return new ArrayList<>(found);
    }
}
