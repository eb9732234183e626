package dev.millrace.trainer.ledger;

import dev.millrace.trainer.batch.Composition;
import dev.millrace.trainer.batch.Skip;
import dev.millrace.trainer.batch.Untrained;
import dev.millrace.trainer.pack.Position;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/// Follows one record through the steps of a run, which it is shown from the first on, in their order.
///
/// A step names its tokens by where they begin and end. What lies between was trained, but for what that step or one
/// before it had read and left out. Steps that an older version made do not say so: a bad record that lies between
/// their tokens seems to be trained.
final class RecordTrace {
    private final int partition;
    private final long offset;
    private final List<Skip> skips = new ArrayList<>();
    /// By pass, what it lies in that is not trained.
    private final NavigableMap<Integer, Lineage.LeftOut> leftOut = new TreeMap<>();
    /// The first record of the partition that was trained; -1 before there is one.
    private long first = -1;
    /// The offset up to which the partition was read, in whichever pass.
    private long read;
    /// The last pass that has been read to its end; -1 before there is one.
    private int ended = -1;
    /// The step for which the partition was read past it, if that step says what it left out; 0 where there is none.
    private long readFor;
    /// What it lies in that was read behind the last step.
    private Optional<Lineage.LeftOut> behind = Optional.empty();

    RecordTrace(int partition, long offset) {
        this.partition = partition;
        this.offset = offset;
    }

    /// Whether tokens of the record went into a step.
    boolean wentInto(long step, Composition composition) {
        behind = Optional.empty();
        skips.addAll(composition.skips());
        long readNow = Math.max(read, composition.read().getOrDefault(partition, 0L));
        if (read <= offset && offset < readNow && composition.untrained() != null) {
            readFor = step;
        }
        read = readNow;
        for (Untrained stretch : Objects.requireNonNullElse(composition.untrained(), List.<Untrained>of())) {
            if (stretch.partition() == partition && stretch.why().contains(Untrained.Why.OUTSIDE)) {
                ended = stretch.epoch();
            }
            if (stretch.holds(partition, offset)) {
                leftOut.put(stretch.epoch(), new Lineage.LeftOut(OptionalLong.of(step), stretch));
            }
        }
        return composition.partitions().stream()
                .filter(stretch -> stretch.partition() == partition)
                .anyMatch(this::isIn);
    }

    private boolean isIn(Composition.Stretch stretch) {
        if (first < 0) {
            first = stretch.from().offset();
        }
        for (int epoch = stretch.from().epoch(); epoch <= stretch.to().epoch(); epoch++) {
            Position at = new Position(epoch, offset, 0);
            boolean after =
                    offset >= (epoch == stretch.from().epoch() ? stretch.from().offset() : first);
            // What begins where the next window begins is the last target of this one, if it was read.
            boolean before =
                    at.compareTo(stretch.to()) < 0 || (at.equals(stretch.to()) && (offset < read || epoch <= ended));
            if (after
                    && before
                    && !leftOut.containsKey(epoch)
                    && skips.stream().noneMatch(skip -> skip.holds(partition, at))) {
                return true;
            }
        }
        return false;
    }

    /// The run came to its end behind the last step.
    void ended(List<Untrained> untrained) {
        behind = untrained.stream()
                .filter(stretch -> stretch.holds(partition, offset))
                .findFirst()
                .map(stretch -> new Lineage.LeftOut(OptionalLong.empty(), stretch));
    }

    /// What became of it, where it went into no step.
    Lineage untrained() {
        if (!leftOut.isEmpty()) {
            return leftOut.firstEntry().getValue();
        }
        if (behind.isPresent()) {
            return behind.get();
        }
        // What lies before the first record that was trained may lie before the run.
        return readFor > 0 && first >= 0 && first <= offset ? new Lineage.Waiting(readFor) : new Lineage.Unknown();
    }
}
