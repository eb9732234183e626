package dev.millrace.proof;

import dev.millrace.proof.Intermittent.Ended;
import dev.millrace.trainer.batch.BatchAssembler;
import dev.millrace.trainer.batch.Bounds;
import dev.millrace.trainer.batch.Composition;
import dev.millrace.trainer.batch.Cursor;
import dev.millrace.trainer.batch.PartitionCursor;
import dev.millrace.trainer.batch.ScriptedLog;
import dev.millrace.trainer.batch.SeenIds;
import dev.millrace.trainer.batch.Skip;
import dev.millrace.trainer.batch.SkipRanges;
import dev.millrace.trainer.batch.StepBatch;
import dev.millrace.trainer.intake.RecordSource;
import dev.millrace.trainer.intake.SimulatedTopic;
import dev.millrace.trainer.ledger.LedgerEntry;
import dev.millrace.trainer.ledger.LedgerReader;
import dev.millrace.trainer.ledger.StepLedger;
import dev.millrace.trainer.pack.Window;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;

/// A run without a model: what it has learned is the list of windows that it was trained on. The ledger, the way from
/// the poll thread to steps, and the ids are the real ones; the consumer, the log, checkpoints and death are chance.
///
/// A process dies between any two of its acts, with the power or alone; or it only seems to be gone, and goes
/// on beside the one that has taken its run. With the power goes, of the ledger, what was not forced to the
/// disk, or part of it; at times the newest checkpoint is damaged, and the one before it is gone on from. Now
/// and then the settings take something out of the log, and now and then they say so no more.
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
    /// The processes that live, the last of them the owner of the run.
    private final Deque<ModelledTrainer> living = new ArrayDeque<>();

    private final List<Skip.Range> takenOut = new ArrayList<>();
    private long published;
    private long forced;
    private long owner;
    private long publisher;
    private int deaths;
    private int usurped;

    /// @param learned the windows of all steps before
    /// @param letters that wait to be published, by step
    /// @param unsaid what was left out behind the last step, where there is no step to say so
    record Saved(
            long step,
            Cursor cursor,
            Path ids,
            List<List<String>> learned,
            SortedMap<Long, List<String>> letters,
            List<Skip> unsaid) {}

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
    }

    /// The steps that a run makes which has the whole log before it, and never dies.
    ///
    /// @param skips what it leaves out
    static List<List<String>> calm(
            RecordSource log,
            SimulatedTopic topic,
            BatchAssembler.Shape shape,
            Optional<Bounds> bounds,
            List<Skip> skips) {
        BatchAssembler assembler = new BatchAssembler(
                log,
                ScriptedLog::read,
                new SeenIds(WINDOW_OF_IDS),
                new SkipRanges(skips, List.of()),
                shape,
                0,
                start(topic),
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

    /// Lets processes live and die until all is trained, and then those that only seemed to be gone.
    void run() throws IOException {
        name(write(0, 0, start(topic), new SeenIds(WINDOW_OF_IDS), List.of(), new TreeMap<>(), List.of()));
        begin();
        boolean over = false;
        while (!over) {
            ModelledTrainer one = random.nextBoolean() ? living.getLast() : living.getFirst();
            if (one.goOn()) {
                over = one.done();
                living.remove(one);
            } else if (living.size() == 1 || random.nextInt(mortality) == 0) {
                strike();
            }
            if (living.isEmpty() && !over) {
                begin();
            }
        }
        while (!living.isEmpty()) {
            if (living.getFirst().goOn()) {
                ModelledTrainer late = living.removeFirst();
                if (late.done() && late.owner() != owner) {
                    throw new AssertionError("one that had lost its run came to the end of it");
                }
            }
        }
    }

    private void strike() throws IOException {
        switch (random.nextInt(4)) {
            case 0 -> {
                deaths++;
                living.removeLast().die();
                begin();
            }
            case 1 -> {
                if (living.size() == 1) {
                    usurped++;
                    begin();
                }
            }
            default -> {
                deaths++;
                living.forEach(ModelledTrainer::die);
                living.clear();
                losePower();
            }
        }
    }

    /// A process takes the run.
    private void begin() {
        if (checkpoints.size() > 1 && random.nextInt(5) == 0) {
            checkpoints.removeLast();
        }
        if (random.nextInt(3) == 0) {
            int partition = random.nextInt(topic.partitions().size());
            long first = random.nextInt(16);
            takenOut.add(new Skip.Range(partition, first, first + random.nextInt(3)));
        }
        List<Skip.Range> asked = random.nextInt(4) == 0 ? List.of() : List.copyOf(takenOut);
        owner++;
        living.addLast(new ModelledTrainer(this, random, owner, asked));
    }

    /// Whether nothing comes between two acts of the only process that lives.
    boolean leavesAlone() {
        return living.size() == 1 && random.nextInt(mortality) > 0;
    }

    /// @throws Ended where another has taken the run
    void requireOwner(long who) throws Ended {
        if (who != owner) {
            throw new Ended();
        }
    }

    /// Fences whoever published before.
    void openPublisher(long who) {
        publisher = who;
    }

    /// In one transaction with the number of the step, as Kafka does it.
    ///
    /// @throws Ended where it is fenced
    void publish(long who, Saved covered, LedgerReader steps) throws IOException, Ended {
        if (who != publisher) {
            throw new Ended();
        }
        long step = covered.letters().isEmpty()
                ? covered.step()
                : Math.max(covered.step(), covered.letters().lastKey());
        if (step > published) {
            covered.letters().forEach((of, letters) -> {
                if (of > published) {
                    publishedLetters.addAll(letters);
                }
            });
            publishedSteps.addAll(steps.between(published, step));
            published = step;
        }
    }

    /// How far the run has published, for all that its directory knows: it may be behind.
    long markOfPublished() {
        return random.nextBoolean() ? published : -1;
    }

    /// Writes a checkpoint that has no name yet.
    Saved write(
            long who,
            long step,
            Cursor cursor,
            SeenIds seen,
            List<List<String>> learned,
            SortedMap<Long, List<String>> letters,
            List<Skip> unsaid)
            throws IOException {
        Path ids = Files.createDirectories(directory.resolve("step-" + step + "-" + who));
        seen.write(ids, cursor);
        return new Saved(step, cursor, ids, List.copyOf(learned), new TreeMap<>(letters), List.copyOf(unsaid));
    }

    void name(Saved checkpoint) {
        checkpoints.removeIf(each -> each.step() >= checkpoint.step());
        checkpoints.addLast(checkpoint);
    }

    Saved newest() {
        return checkpoints.getLast();
    }

    SeenIds seen(Saved checkpoint) throws IOException {
        return SeenIds.read(checkpoint.ids(), WINDOW_OF_IDS, checkpoint.cursor());
    }

    /// The ledger was forced to the disk.
    void forced() throws IOException {
        forced = Files.size(directory.resolve(StepLedger.FILE));
    }

    /// Of what was not forced, something is on the disk, and the last line may be torn.
    private void losePower() throws IOException {
        Path ledger = directory.resolve(StepLedger.FILE);
        if (Files.exists(ledger)) {
            try (RandomAccessFile file = new RandomAccessFile(ledger.toFile(), "rw")) {
                long loose = file.length() - forced;
                file.setLength(forced + (loose == 0 ? 0 : random.nextLong(loose + 1)));
            }
        }
    }

    BatchAssembler assembler(
            RecordSource source, SeenIds seen, SkipRanges skips, Cursor start, long steps, List<Composition> recorded) {
        return new BatchAssembler(source, ScriptedLog::read, seen, skips, shape, steps, start, bounds, recorded);
    }

    Path directory() {
        return directory;
    }

    SimulatedTopic topic() {
        return topic;
    }

    Optional<Bounds> bounds() {
        return bounds;
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

    /// What the run has left out, each from a place of its own on.
    List<Skip> skips() {
        List<Skip> skips = new ArrayList<>(checkpoints.getLast().unsaid());
        publishedSteps.forEach(entry -> skips.addAll(entry.composition().skips()));
        return skips;
    }

    /// How often a process went on beside the one that had taken its run.
    int usurped() {
        return usurped;
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

    static List<String> texts(StepBatch batch) {
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
