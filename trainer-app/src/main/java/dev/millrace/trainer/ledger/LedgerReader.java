package dev.millrace.trainer.ledger;

import dev.millrace.trainer.batch.Composition;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/// Answers questions about a ledger that is being written, in constant memory. Reads the file from its
/// beginning for each, but that [#between] goes on where it ended. Any thread.
public final class LedgerReader {
    private final Path file;
    private volatile Mark mark;

    /// The compositions of all steps after `step`, and so their results, lie from there on.
    record Mark(long step, LedgerFile.From from) {
        static final Mark BEGINNING = new Mark(0, LedgerFile.From.BEGINNING);
    }

    private LedgerReader(Path file, Mark mark) {
        this.file = file;
        this.mark = mark;
    }

    static LedgerReader from(Path directory, Mark mark) {
        return new LedgerReader(directory.resolve(StepLedger.FILE), mark);
    }

    /// The ledger in a directory of checkpoints.
    public static LedgerReader in(Path directory) {
        return from(directory, Mark.BEGINNING);
    }

    /// The ledger of the run that made a checkpoint.
    public static LedgerReader beside(Path checkpoint) {
        return new LedgerReader(checkpoint.toAbsolutePath().resolveSibling(StepLedger.FILE), Mark.BEGINNING);
    }

    /// What made a step, and what came of it.
    public Optional<LedgerEntry> step(long step) throws IOException {
        return entries(LedgerFile.From.BEGINNING, (composed, _) -> composed.step() == step, 1).stream()
                .findFirst();
    }

    /// What became of a record.
    ///
    /// @param limit steps that are named at most
    public Lineage of(int partition, long offset, int limit) throws IOException {
        RecordTrace trace = new RecordTrace(partition, offset);
        List<LedgerEntry> steps = entries(
                LedgerFile.From.BEGINNING,
                (composed, _) -> trace.wentInto(composed.step(), composed.composition()),
                limit,
                ended -> trace.ended(ended.untrained()));
        return steps.isEmpty() ? trace.untrained() : new Lineage.Trained(steps);
    }

    /// The steps between two.
    ///
    /// @param after exclusive
    /// @param upTo inclusive
    public List<LedgerEntry> between(long after, long upTo) throws IOException {
        Mark before = mark;
        Mark start = before.step() <= after ? before : Mark.BEGINNING;
        // The first step behind those that are asked for, or the last that there is.
        Mark[] next = {start};
        long[] seen = {0};
        List<LedgerEntry> entries = entries(
                start.from(),
                (composed, at) -> {
                    if (seen[0] <= upTo) {
                        seen[0] = composed.step();
                        next[0] = new Mark(upTo, at);
                    }
                    return composed.step() > after && composed.step() <= upTo;
                },
                Integer.MAX_VALUE);
        mark = next[0];
        return entries;
    }

    /// Writes what is the run's into the ledger of another run, which has owners of its own.
    ///
    /// @param directory of that run's checkpoints
    public void copyTo(Path directory) throws IOException {
        Path copy = directory.resolve(StepLedger.FILE);
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(copy))) {
            LedgerFile.read(file, LedgerFile.From.BEGINNING, LedgerFile.wholeBytes(file), (line, _) -> {
                if (!(line instanceof LedgerFile.Line.Taken)) {
                    out.write(LedgerFile.bytes(line, 0));
                }
                return true;
            });
        }
    }

    private interface Wanted {
        boolean test(LedgerFile.Line.Composed composed, LedgerFile.From at);
    }

    private List<LedgerEntry> entries(LedgerFile.From from, Wanted wanted, int limit) throws IOException {
        return entries(from, wanted, limit, _ -> {});
    }

    /// @param end is told where the run came to its end, as often as it says so
    private List<LedgerEntry> entries(
            LedgerFile.From from, Wanted wanted, int limit, Consumer<LedgerFile.Line.Ended> end) throws IOException {
        if (!Files.exists(file)) {
            return List.of();
        }
        Map<Long, Composition> compositions = new LinkedHashMap<>();
        Map<Long, StepResult> results = new LinkedHashMap<>();
        // What is appended meanwhile may be torn.
        LedgerFile.read(file, from, LedgerFile.wholeBytes(file), (line, at) -> {
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
                case LedgerFile.Line.Ended ended -> end.accept(ended);
                case LedgerFile.Line.Changed _, LedgerFile.Line.Taken _ -> {}
            }
            return true;
        });
        List<LedgerEntry> entries = new ArrayList<>();
        compositions.forEach((step, composition) -> entries.add(new LedgerEntry(step, composition, results.get(step))));
        return entries;
    }
}
