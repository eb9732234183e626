package dev.millrace.trainer.batch;

import dev.millrace.trainer.intake.IntakeFailedException;
import dev.millrace.trainer.intake.RecordSource;
import dev.millrace.trainer.intake.Taken;
import dev.millrace.trainer.pack.Position;
import dev.millrace.trainer.pack.Window;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Turns the log into steps: windows are taken round-robin over the partitions in ascending order.
///
/// A partition is passed over only when it stands at its log end, and the step says so; how records happened to
/// arrive never shows. In a bounded run none is passed over: each epoch goes over every partition to its end,
/// the tokens that are left there wait for the next epoch, and at the end of the last one they make a padded
/// window.
///
/// Not thread-safe: the preparing thread owns it.
public final class BatchAssembler {
    private final RecordSource source;
    private final RecordUse use;
    private final SkipRanges skips;
    private final Shape shape;
    private final @Nullable Bounds bounds;
    private final List<Lane> lanes = new ArrayList<>();
    private final Deque<Composition> recorded;
    private int epoch;
    private int turn;
    private long steps;

    /// @param windowLength targets in a window
    /// @param microBatch windows in a micro-batch
    /// @param ramp micro-batches in a step
    /// @param maxConsecutiveBad bad records of one partition in a row that stop the run
    public record Shape(int windowLength, int microBatch, Ramp<Integer> ramp, int maxConsecutiveBad) {
        public Shape {
            if (microBatch < 1) {
                throw new IllegalArgumentException("a micro-batch has at least one window, not " + microBatch);
            }
        }

        private int windows(long step) {
            return Math.multiplyExact(microBatch, ramp.at(step));
        }
    }

    /// @param seen the ids of documents before `start`
    /// @param skips the ranges that are left out
    /// @param steps done before
    /// @param start how far the run has come by them
    /// @param bounds what the run passes over; none where it goes on for ever
    /// @param recorded the first steps, where they have been made before: on a topic that has grown since, a
    ///     partition is passed over where it was then
    public BatchAssembler(
            RecordSource source,
            RecordReader reader,
            SeenIds seen,
            SkipRanges skips,
            Shape shape,
            long steps,
            Cursor start,
            Optional<Bounds> bounds,
            List<Composition> recorded) {
        this.source = source;
        this.use = new RecordUse(reader, seen, skips, shape.maxConsecutiveBad(), start.counts());
        this.skips = skips;
        this.shape = shape;
        this.steps = steps;
        this.bounds = bounds.orElse(null);
        this.epoch = start.epoch();
        this.turn = start.turn();
        this.recorded = new ArrayDeque<>(recorded);
        for (PartitionCursor cursor : start.partitions()) {
            lanes.add(new Lane(cursor, shape.windowLength()));
        }
    }

    /// The next step; none when the run is over.
    ///
    /// @throws IntakeFailedException when the intake is broken for good, or too many records in a row were bad
    public Optional<StepBatch> next() throws InterruptedException {
        steps++;
        Composition before = recorded.poll();
        if (before == null) {
            SortedMap<Integer, Position> read = new TreeMap<>();
            lanes.forEach(lane -> read.put(lane.partition, lane.examined));
            return assemble(skips.begin(read));
        }
        skips.beginAgain(before.skips());
        // A bounded run passes over nothing: its steps come out the same by themselves.
        return bounds == null ? Optional.of(repeat(before)) : assemble(before.skips());
    }

    private Optional<StepBatch> assemble(List<Skip> begun) throws InterruptedException {
        SortedMap<Integer, Long> examined = examined();
        int wanted = shape.windows(steps);
        List<Window> windows = new ArrayList<>(wanted);
        List<Integer> passedOver = new ArrayList<>();
        int passedInARow = 0;
        while (windows.size() < wanted && !over()) {
            Lane lane = lanes.get(turn);
            if (!lane.done && !lane.epochRead) {
                Optional<Window> window = window(lane);
                if (window.isPresent()) {
                    windows.add(window.get());
                    passedInARow = 0;
                } else if (!lane.done && !lane.epochRead) {
                    passedOver.add(lane.partition);
                    passedInARow++;
                }
            }
            turn = (turn + 1) % lanes.size();
            if (passedInARow == lanes.size()) {
                source.awaitAny(lanes.stream().map(each -> each.partition).toList());
                passedOver.clear();
                passedInARow = 0;
            }
            startNextEpoch();
        }
        return windows.isEmpty() ? Optional.empty() : Optional.of(step(windows, passedOver, examined, begun));
    }

    /// Makes a step of the windows that made it before. The records are on the log, for they were then.
    private StepBatch repeat(Composition before) throws InterruptedException {
        SortedMap<Integer, Long> examined = examined();
        List<Window> windows = new ArrayList<>();
        for (int partition : before.order()) {
            Lane lane = lanes.get(index(partition));
            Optional<Window> window = window(lane);
            while (window.isEmpty()) {
                source.awaitAny(List.of(partition));
                window = window(lane);
            }
            windows.add(window.get());
        }
        for (Map.Entry<Integer, Long> read : before.read().entrySet()) {
            Lane lane = lanes.get(index(read.getKey()));
            while (lane.examined.offset() < read.getValue()) {
                switch (source.take(lane.partition)) {
                    case Taken.Next next -> use.take(lane, next.record());
                    case Taken.AtLogEnd _, Taken.Exhausted _ -> source.awaitAny(List.of(lane.partition));
                }
            }
        }
        turn = index(before.turn());
        return step(windows, before.passedOver(), examined, before.skips());
    }

    private StepBatch step(
            List<Window> windows, List<Integer> passedOver, SortedMap<Integer, Long> examinedBefore, List<Skip> begun) {
        return new StepBatch(
                windows, passedOver, cursor(), readSince(examinedBefore), begun, use.takeUntrained(), takeLetters());
    }

    private int index(int partition) {
        for (int i = 0; i < lanes.size(); i++) {
            if (lanes.get(i).partition == partition) {
                return i;
            }
        }
        throw new IllegalStateException(
                "a recorded step took from partition " + partition + ", which this run does not have");
    }

    private SortedMap<Integer, Long> examined() {
        SortedMap<Integer, Long> offsets = new TreeMap<>();
        lanes.forEach(lane -> offsets.put(lane.partition, lane.examined.offset()));
        return offsets;
    }

    private SortedMap<Integer, Long> readSince(SortedMap<Integer, Long> before) {
        SortedMap<Integer, Long> now = examined();
        now.entrySet().removeIf(each -> each.getValue().equals(before.get(each.getKey())));
        return now;
    }

    /// How far the log has been used by the steps handed out so far.
    public Cursor cursor() {
        return new Cursor(epoch, turn, lanes.stream().map(Lane::cursor).toList(), use.counts());
    }

    /// The bad records that were found since the last step was handed out.
    public List<DeadLetter> takeLetters() {
        return use.takeLetters();
    }

    /// What was read since the last step was handed out, and is not trained.
    public List<Untrained> takeUntrained() {
        return use.takeUntrained();
    }

    private boolean over() {
        return lanes.stream().allMatch(lane -> lane.done);
    }

    /// The lane's next window; none where it stands at its log end, or where its pass is read.
    private Optional<Window> window(Lane lane) throws InterruptedException {
        while (!lane.packer.hasWindow()) {
            switch (source.take(lane.partition)) {
                case Taken.Next next -> use.take(lane, next.record());
                case Taken.AtLogEnd _ -> {
                    return Optional.empty();
                }
                case Taken.Exhausted _ -> {
                    if (lane.epoch == epoch) {
                        return endOfPass(lane);
                    }
                    beginPass(lane, lane.epoch + 1);
                }
            }
        }
        return Optional.of(lane.packer.next());
    }

    private Optional<Window> endOfPass(Lane lane) {
        lane.epochRead = true;
        if (epoch + 1 < bounds().epochs()) {
            return Optional.empty();
        }
        lane.done = true;
        return lane.packer.flush();
    }

    /// Once every partition has been read to its end, the next pass begins for all of them.
    private void startNextEpoch() {
        if (over() || !lanes.stream().allMatch(lane -> lane.epochRead)) {
            return;
        }
        epoch++;
        for (Lane lane : lanes) {
            beginPass(lane, epoch);
        }
    }

    private void beginPass(Lane lane, int pass) {
        long first = bounds().of(lane.partition).first();
        lane.beginPass(pass, first);
        source.rewind(lane.partition, first);
    }

    private Bounds bounds() {
        if (bounds == null) {
            throw new IllegalStateException("a partition ended in a run that has no end");
        }
        return bounds;
    }
}
