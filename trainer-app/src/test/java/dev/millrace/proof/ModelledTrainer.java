package dev.millrace.proof;

import dev.millrace.proof.Intermittent.Ended;
import dev.millrace.trainer.batch.BatchAssembler;
import dev.millrace.trainer.batch.Cursor;
import dev.millrace.trainer.batch.DeadLetter;
import dev.millrace.trainer.batch.PartitionCursor;
import dev.millrace.trainer.batch.SeenIds;
import dev.millrace.trainer.batch.Skip;
import dev.millrace.trainer.batch.SkipRanges;
import dev.millrace.trainer.batch.StepBatch;
import dev.millrace.trainer.intake.RecordExchange;
import dev.millrace.trainer.intake.SimulatedConsumer;
import dev.millrace.trainer.ledger.LedgerReader;
import dev.millrace.trainer.ledger.LedgerSoFar;
import dev.millrace.trainer.ledger.StepLedger;
import dev.millrace.trainer.ledger.StepResult;
import java.io.IOException;
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

/// One process of a [ModelledRun], from where it goes on to its death, or to the end of the run. What it does comes in
/// the order of the real one; between any two acts it may die, or another may do something.
final class ModelledTrainer {
    private final ModelledRun run;
    private final Random random;
    private final long owner;
    private final List<Skip.Range> takenOut;
    private final Intermittent stretches;
    private boolean done;

    /// What it knows until it dies.
    private static final class Memory {
        private long step;
        private Cursor cursor;
        private final SeenIds seen;
        private final List<List<String>> learned;
        private final SortedMap<Long, List<String>> letters;
        /// That began with its own steps.
        private final List<Skip> skips = new ArrayList<>();
        private final List<Skip> unsaid;
        private final LedgerReader steps;

        private Memory(ModelledRun.Saved from, SeenIds seen, LedgerReader steps) {
            this.step = from.step();
            this.cursor = from.cursor();
            this.seen = seen;
            this.learned = new ArrayList<>(from.learned());
            this.letters = new TreeMap<>(from.letters());
            this.unsaid = new ArrayList<>(from.unsaid());
            this.steps = steps;
        }
    }

    /// @param owner of the run, from now on
    /// @param takenOut ranges that its settings name
    ModelledTrainer(ModelledRun run, Random random, long owner, List<Skip.Range> takenOut) {
        this.run = run;
        this.random = random;
        this.owner = owner;
        this.takenOut = takenOut;
        this.stretches = new Intermittent(_ -> live());
    }

    /// @return whether it has ended
    boolean goOn() {
        return stretches.goOn();
    }

    void die() {
        stretches.end();
    }

    long owner() {
        return owner;
    }

    /// Whether it came to the end of the run.
    boolean done() {
        return done;
    }

    private void live() throws IOException, Ended {
        act();
        ModelledRun.Saved from = run.newest();
        act();
        LedgerSoFar soFar;
        try {
            soFar = LedgerSoFar.read(run.directory(), from.step(), run.markOfPublished());
            act();
            open(from, soFar);
        } catch (IOException | IllegalStateException e) {
            // What one finds whose run was taken does not count.
            run.requireOwner(owner);
            throw e;
        }
    }

    private void open(ModelledRun.Saved from, LedgerSoFar soFar) throws IOException, Ended {
        try (StepLedger ledger = StepLedger.open(soFar, owner, _ -> {})) {
            run.forced();
            Memory memory = new Memory(from, run.seen(from), soFar.reader());
            run.requireOwner(owner);
            act();
            run.openPublisher(owner);
            publish(from, memory);
            train(memory, ledger);
            publish(checkpoint(memory), memory);
            done = true;
        }
    }

    private void train(Memory memory, StepLedger ledger) throws IOException, Ended {
        BatchAssembler assembler = run.assembler(
                new SimulatedConsumer(run.topic(), ranges(memory.cursor), random),
                memory.seen,
                new SkipRanges(ledger.skips(), takenOut),
                memory.cursor,
                memory.step,
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
        if (run.bounds().isEmpty()) {
            // What lies behind the last step is read again by who goes on, and may be left out or not.
            memory.unsaid.clear();
        }
        leaveOutUnsaid(memory, ledger);
        if (run.bounds().isPresent()) {
            memory.cursor = assembler.cursor();
            // Bad records behind the last window of a run that is over.
            keep(memory, memory.step + 1, assembler.takeLetters());
            ledger.finish(assembler.takeUntrained());
        }
        ledger.force();
        run.forced();
    }

    private void leaveOutUnsaid(Memory memory, StepLedger ledger) {
        List<Skip.Range> known = new ArrayList<>();
        ledger.skips().forEach(skip -> known.add(skip.range()));
        memory.skips.forEach(skip -> known.add(skip.range()));
        memory.unsaid.forEach(skip -> known.add(skip.range()));
        takenOut.stream()
                .distinct()
                .filter(range -> !known.contains(range))
                .forEach(range -> memory.unsaid.add(new Skip(
                        range, memory.cursor.partitions().get(range.partition()).examined())));
    }

    private Map<Integer, RecordExchange.Range> ranges(Cursor cursor) {
        Map<Integer, RecordExchange.Range> ranges = new HashMap<>();
        for (PartitionCursor each : cursor.partitions()) {
            long from = each.position().offset();
            ranges.put(
                    each.partition(),
                    run.bounds()
                            .map(within -> new RecordExchange.Range(
                                    from, within.of(each.partition()).end()))
                            .orElseGet(() -> RecordExchange.Range.from(from)));
        }
        return ranges;
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

    private void step(StepBatch batch, Memory memory, StepLedger ledger) throws IOException, Ended {
        run.requireOwner(owner);
        act();
        boolean fresh = ledger.recorded() <= memory.step;
        ledger.begin(batch.composition());
        if (fresh) {
            run.forced();
        }
        act();
        memory.learned.add(ModelledRun.texts(batch));
        memory.skips.addAll(batch.skips());
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
        act();
        if (random.nextInt(4) == 0) {
            ledger.force();
            run.forced();
            act();
            ModelledRun.Saved saved = checkpoint(memory);
            act();
            publish(saved, memory);
        }
    }

    private ModelledRun.Saved checkpoint(Memory memory) throws IOException, Ended {
        run.requireOwner(owner);
        ModelledRun.Saved saved = run.write(
                owner, memory.step, memory.cursor, memory.seen, memory.learned, memory.letters, memory.unsaid);
        act();
        run.requireOwner(owner);
        run.name(saved);
        return saved;
    }

    private void publish(ModelledRun.Saved covered, Memory memory) throws IOException, Ended {
        run.requireOwner(owner);
        act();
        run.publish(owner, covered, memory.steps);
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

    private void act() throws Ended {
        if (!run.leavesAlone()) {
            stretches.pause();
        }
    }
}
