package dev.millrace.proof;

import dev.millrace.trainer.batch.BatchAssembler;
import dev.millrace.trainer.batch.Bounds;
import dev.millrace.trainer.batch.Composition;
import dev.millrace.trainer.batch.Cursor;
import dev.millrace.trainer.batch.DeadLetter;
import dev.millrace.trainer.batch.PartitionCursor;
import dev.millrace.trainer.batch.ScriptedLog;
import dev.millrace.trainer.batch.SeenIds;
import dev.millrace.trainer.batch.SkipRanges;
import dev.millrace.trainer.batch.StepBatch;
import dev.millrace.trainer.intake.RecordExchange;
import dev.millrace.trainer.intake.RecordSource;
import dev.millrace.trainer.intake.SimulatedConsumer;
import dev.millrace.trainer.intake.SimulatedTopic;
import dev.millrace.trainer.ledger.LedgerEntry;
import dev.millrace.trainer.ledger.LedgerReader;
import dev.millrace.trainer.ledger.StepLedger;
import dev.millrace.trainer.ledger.StepResult;
import dev.millrace.trainer.pack.Window;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;

/// A run without a model: what it has learned is the list of windows that it was trained on. The ledger, the way from
/// the poll thread to steps, and the ids are the real ones; the consumer, the log, checkpoints and death are chance.
///
/// A process dies between any two of its acts. With the power goes, of the ledger, what was not forced to the disk, or
/// part of it; at times the newest checkpoint is damaged, and the one before it is gone on from.
final class ModelledRun {
    private static final int WINDOW_OF_IDS = 3;

    private final Path directory;
    private final SimulatedTopic topic;
    private final Random random;
    private final BatchAssembler.Shape shape;
    private final Optional<Bounds> bounds;
    private final int mortality;
    private final Deque<Saved> checkpoints = new ArrayDeque<>();
    private final List<String> publishedLetters = new ArrayList<>();
    private final List<LedgerEntry> publishedSteps = new ArrayList<>();
    /// Of the process that lives.
    private LedgerReader ledgerSoFar;

    private long published;
    private long forced;
    private int deaths;

    /// @param learned the windows of all steps before
    /// @param letters that wait to be published, by step
    private record Saved(
            long step, Cursor cursor, Path ids, List<List<String>> learned, SortedMap<Long, List<String>> letters) {}

    /// What a process knows until it dies.
    private static final class Memory {
        private long step;
        private Cursor cursor;
        private final SeenIds seen;
        private final List<List<String>> learned;
        private final SortedMap<Long, List<String>> letters;

        private Memory(Saved from, SeenIds seen) {
            this.step = from.step();
            this.cursor = from.cursor();
            this.seen = seen;
            this.learned = new ArrayList<>(from.learned());
            this.letters = new TreeMap<>(from.letters());
        }
    }

    private static final class Died extends Exception {
        private static final long serialVersionUID = 1L;
    }

    /// @param mortality one act of so many is the last
    ModelledRun(
            Path directory,
            SimulatedTopic topic,
            Random random,
            BatchAssembler.Shape shape,
            Optional<Bounds> bounds,
            int mortality) {
        this.directory = directory;
        this.topic = topic;
        this.random = random;
        this.shape = shape;
        this.bounds = bounds;
        this.mortality = mortality;
        this.ledgerSoFar = LedgerReader.in(directory);
    }

    /// The steps that a run makes which has the whole log before it, and never dies.
    static List<List<String>> calm(
            RecordSource log, SimulatedTopic topic, BatchAssembler.Shape shape, Optional<Bounds> bounds) {
        BatchAssembler assembler = assembler(
                log,
                new SeenIds(WINDOW_OF_IDS),
                new SkipRanges(List.of(), List.of()),
                shape,
                start(topic),
                0,
                bounds,
                List.of());
        List<List<String>> steps = new ArrayList<>();
        try {
            Optional<StepBatch> next = assembler.next();
            while (next.isPresent()) {
                steps.add(texts(next.get()));
                next = assembler.next();
            }
        } catch (InterruptedException allIsRead) {
            // What is left makes no whole step.
        }
        return steps;
    }

    /// Lives and dies until all is trained.
    void run() throws IOException {
        checkpoint(new Memory(
                new Saved(0, start(topic), directory, List.of(), new TreeMap<>()), new SeenIds(WINDOW_OF_IDS)));
        boolean over = false;
        while (!over) {
            try {
                live();
                over = true;
            } catch (Died e) {
                deaths++;
            }
        }
    }

    private void live() throws IOException, Died {
        if (checkpoints.size() > 1 && random.nextInt(5) == 0) {
            checkpoints.removeLast();
        }
        Saved from = checkpoints.getLast();
        Memory memory = new Memory(from, SeenIds.read(from.ids(), WINDOW_OF_IDS, from.cursor()));
        StepLedger ledger = StepLedger.open(directory, from.step(), deaths, _ -> {});
        try {
            forced = length();
            ledgerSoFar = LedgerReader.in(directory);
            publish(from);
            train(memory, ledger);
            checkpoint(memory);
            publish(checkpoints.getLast());
        } catch (Died e) {
            ledger.close();
            losePower();
            throw e;
        }
        ledger.close();
    }

    private void train(Memory memory, StepLedger ledger) throws IOException, Died {
        Map<Integer, RecordExchange.Range> ranges = new HashMap<>();
        for (PartitionCursor each : memory.cursor.partitions()) {
            long from = each.position().offset();
            ranges.put(
                    each.partition(),
                    bounds.map(within -> new RecordExchange.Range(
                                    from, within.of(each.partition()).end()))
                            .orElseGet(() -> RecordExchange.Range.from(from)));
        }
        BatchAssembler assembler = assembler(
                new SimulatedConsumer(topic, ranges, random),
                memory.seen,
                new SkipRanges(ledger.skips(), List.of()),
                shape,
                memory.cursor,
                memory.step,
                bounds,
                ledger.ahead());
        Deque<StepBatch> prepared = new ArrayDeque<>();
        boolean more = true;
        while (more || !prepared.isEmpty()) {
            for (int ahead = random.nextInt(3); more && prepared.size() <= ahead; ) {
                more = prepare(assembler, prepared);
            }
            if (!prepared.isEmpty()) {
                step(prepared.removeFirst(), memory, ledger);
            }
        }
        memory.cursor = bounds.isPresent() ? assembler.cursor() : memory.cursor;
        // Bad records behind the last window of a run that is over.
        keep(memory, memory.step + 1, bounds.isPresent() ? assembler.takeLetters() : List.of());
        ledger.force();
        forced = length();
    }

    private static boolean prepare(BatchAssembler assembler, Deque<StepBatch> prepared) {
        try {
            Optional<StepBatch> next = assembler.next();
            next.ifPresent(prepared::addLast);
            return next.isPresent();
        } catch (InterruptedException allIsRead) {
            return false;
        }
    }

    private void step(StepBatch batch, Memory memory, StepLedger ledger) throws IOException, Died {
        mayDie();
        long before = length();
        ledger.begin(batch.composition());
        if (length() > before) {
            forced = length();
        }
        mayDie();
        memory.learned.add(texts(batch));
        memory.step++;
        memory.cursor = batch.after();
        keep(memory, memory.step, batch.letters());
        ledger.end(new StepResult(
                Instant.ofEpochSecond(random.nextInt(1000)),
                memory.learned.hashCode(),
                1.5,
                1e-3,
                batch.targetCount(),
                null));
        mayDie();
        if (random.nextInt(4) == 0) {
            ledger.force();
            forced = length();
            mayDie();
            checkpoint(memory);
            mayDie();
            publish(checkpoints.getLast());
        }
    }

    private void mayDie() throws Died {
        if (random.nextInt(mortality) == 0) {
            throw new Died();
        }
    }

    private void checkpoint(Memory memory) throws IOException {
        Path ids = Files.createDirectories(directory.resolve("step-" + memory.step));
        memory.seen.write(ids, memory.cursor);
        checkpoints.removeIf(each -> each.step() >= memory.step);
        checkpoints.addLast(
                new Saved(memory.step, memory.cursor, ids, List.copyOf(memory.learned), new TreeMap<>(memory.letters)));
    }

    /// In one transaction with the number of the step, as Kafka does it.
    private void publish(Saved covered) throws IOException {
        long step = covered.letters().isEmpty()
                ? covered.step()
                : Math.max(covered.step(), covered.letters().lastKey());
        if (step > published) {
            covered.letters().forEach((of, letters) -> {
                if (of > published) {
                    publishedLetters.addAll(letters);
                }
            });
            publishedSteps.addAll(ledgerSoFar.between(published, step));
            published = step;
        }
    }

    private static void keep(Memory memory, long step, List<DeadLetter> letters) {
        if (!letters.isEmpty()) {
            memory.letters.put(
                    step,
                    letters.stream()
                            .map(letter -> letter.record().partition() + "@"
                                    + letter.record().offset())
                            .toList());
        }
    }

    /// Of what was not forced, something is on the disk, and the last line may be torn.
    private void losePower() throws IOException {
        try (RandomAccessFile file =
                new RandomAccessFile(directory.resolve(StepLedger.FILE).toFile(), "rw")) {
            long loose = file.length() - forced;
            file.setLength(forced + (loose == 0 ? 0 : random.nextLong(loose + 1)));
        }
    }

    private long length() throws IOException {
        return Files.size(directory.resolve(StepLedger.FILE));
    }

    List<List<String>> learned() {
        return checkpoints.getLast().learned();
    }

    Cursor cursor() {
        return checkpoints.getLast().cursor();
    }

    List<String> publishedLetters() {
        return publishedLetters;
    }

    List<LedgerEntry> publishedSteps() {
        return publishedSteps;
    }

    int deaths() {
        return deaths;
    }

    private static Cursor start(SimulatedTopic topic) {
        return new Cursor(
                0,
                0,
                topic.partitions().stream()
                        .map(partition -> PartitionCursor.startingAt(partition, topic.first(partition)))
                        .toList(),
                Cursor.Counts.NONE);
    }

    private static BatchAssembler assembler(
            RecordSource source,
            SeenIds seen,
            SkipRanges skips,
            BatchAssembler.Shape shape,
            Cursor start,
            long steps,
            Optional<Bounds> bounds,
            List<Composition> recorded) {
        return new BatchAssembler(source, ScriptedLog::read, seen, skips, shape, steps, start, bounds, recorded);
    }

    private static List<String> texts(StepBatch batch) {
        return batch.windows().stream().map(ModelledRun::text).toList();
    }

    private static String text(Window window) {
        int[] row = new int[window.length()];
        window.copyInputs(row, 0);
        StringBuilder text = new StringBuilder(window.partition() + ":");
        letters(row, text);
        window.copyTargets(row, 0);
        text.append('>');
        letters(row, text);
        return text.toString();
    }

    private static void letters(int[] ids, StringBuilder text) {
        for (int id : ids) {
            text.append(id <= 0 ? '_' : (char) id);
        }
    }
}
