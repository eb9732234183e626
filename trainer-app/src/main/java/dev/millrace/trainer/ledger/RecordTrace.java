package dev.millrace.trainer.ledger;

import dev.millrace.trainer.batch.Composition;
import dev.millrace.trainer.batch.Skip;
import dev.millrace.trainer.batch.Untrained;
import dev.millrace.trainer.pack.Position;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Optional;
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

    RecordTrace(int partition, long offset) {
        this.partition = partition;
        this.offset = offset;
    }

    /// Whether tokens of the record went into a step.
    boolean wentInto(long step, Composition composition) {
        skips.addAll(composition.skips());
        read = Math.max(read, composition.read().getOrDefault(partition, 0L));
        for (Untrained stretch : Objects.requireNonNullElse(composition.untrained(), List.<Untrained>of())) {
            if (stretch.partition() == partition && stretch.why().contains(Untrained.Why.OUTSIDE)) {
                ended = stretch.epoch();
            }
            if (stretch.holds(partition, offset)) {
                leftOut.put(stretch.epoch(), new Lineage.LeftOut(step, stretch));
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

    /// Where it was left out first.
    Optional<Lineage.LeftOut> leftOut() {
        return Optional.ofNullable(leftOut.firstEntry()).map(Map.Entry::getValue);
    }
}
