package dev.millrace.trainer.ledger;

import dev.millrace.trainer.batch.Composition;
import dev.millrace.trainer.batch.Skip;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Answers questions about a ledger that is being written, in constant memory. Reads the file from its
/// beginning for each, but that [#between] goes on where it ended. Any thread.
public final class LedgerReader {
    private final Path file;
    private volatile Mark mark = new Mark(0, 0);

    /// The compositions of all steps after `step`, and so their results, lie at byte `at` or behind it.
    private record Mark(long step, long at) {}

    private LedgerReader(Path file) {
        this.file = file;
    }

    /// The ledger in a directory of checkpoints.
    public static LedgerReader in(Path directory) {
        return new LedgerReader(directory.resolve(StepLedger.FILE));
    }

    /// What made a step, and what came of it.
    public Optional<LedgerEntry> step(long step) throws IOException {
        return entries(0, (composed, _) -> composed.step() == step, 1).stream().findFirst();
    }

    /// The steps that trained on tokens of a record, the first `limit` of them.
    public List<LedgerEntry> holding(int partition, long offset, int limit) throws IOException {
        List<Skip> skips = new ArrayList<>();
        long[] read = {0};
        return entries(
                0,
                (composed, _) -> {
                    skips.addAll(composed.composition().skips());
                    read[0] = Math.max(read[0], composed.composition().read().getOrDefault(partition, 0L));
                    return composed.composition().partitions().stream()
                            .anyMatch(stretch ->
                                    stretch.partition() == partition && stretch.holds(offset, skips, read[0]));
                },
                limit);
    }

    /// The steps between two.
    ///
    /// @param after exclusive
    /// @param upTo inclusive
    public List<LedgerEntry> between(long after, long upTo) throws IOException {
        Mark before = mark;
        long[] next = {wholeBytes()};
        List<LedgerEntry> entries = entries(
                before.step() <= after ? before.at() : 0,
                (composed, at) -> {
                    if (composed.step() > upTo) {
                        next[0] = Math.min(next[0], at);
                    }
                    return composed.step() > after && composed.step() <= upTo;
                },
                Integer.MAX_VALUE);
        mark = new Mark(upTo, next[0]);
        return entries;
    }

    /// The changes of settings that later steps were made with, oldest first.
    public List<SettingsChange> changesAfter(long step) throws IOException {
        List<SettingsChange> changes = new ArrayList<>();
        if (Files.exists(file)) {
            LedgerFile.read(file, 0, wholeBytes(), (line, _) -> {
                if (line instanceof LedgerFile.Line.Changed changed && changed.step() > step) {
                    changes.add(changed.change());
                }
                return true;
            });
        }
        return changes;
    }

    private interface Wanted {
        boolean test(LedgerFile.Line.Composed composed, long at);
    }

    private List<LedgerEntry> entries(long from, Wanted wanted, int limit) throws IOException {
        if (!Files.exists(file)) {
            return List.of();
        }
        Map<Long, Composition> compositions = new LinkedHashMap<>();
        Map<Long, StepResult> results = new LinkedHashMap<>();
        // What is appended meanwhile may be torn.
        LedgerFile.read(file, from, wholeBytes(), (line, at) -> {
            switch (line) {
                case LedgerFile.Line.Composed composed -> {
                    if (compositions.size() < limit && wanted.test(composed, at)) {
                        compositions.put(composed.step(), composed.composition());
                    }
                }
                case LedgerFile.Line.Done done -> {
                    if (compositions.containsKey(done.step())) {
                        results.put(done.step(), done.result());
                    }
                    if (results.size() == limit) {
                        return false;
                    }
                }
                case LedgerFile.Line.Changed _ -> {}
            }
            return true;
        });
        List<LedgerEntry> entries = new ArrayList<>();
        compositions.forEach((step, composition) -> entries.add(new LedgerEntry(step, composition, results.get(step))));
        return entries;
    }

    private long wholeBytes() throws IOException {
        if (!Files.exists(file)) {
            return 0;
        }
        long length = Files.size(file);
        try (SeekableByteChannel bytes = Files.newByteChannel(file)) {
            ByteBuffer one = ByteBuffer.allocate(1);
            for (long whole = length; whole > 0; whole--) {
                bytes.position(whole - 1);
                one.clear();
                if (bytes.read(one) == 1 && one.get(0) == '\n') {
                    return whole;
                }
            }
        }
        return 0;
    }
}
