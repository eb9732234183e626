package dev.millrace.trainer.batch;

import dev.millrace.trainer.intake.IntakeFailedException;
import dev.millrace.trainer.pack.Position;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/// What becomes of the records that are read: tokens that wait in their lane for a window, or a reason why nothing of
/// them is trained. Each is counted and reported once, however often it is read.
///
/// Not thread-safe: the preparing thread owns it.
final class RecordUse {
    private final RecordReader reader;
    private final SeenIds seen;
    private final SkipRanges skips;
    private final int maxConsecutiveBad;
    private final UntrainedRecords untrained = new UntrainedRecords();
    private List<DeadLetter> letters = new ArrayList<>();
    private Cursor.Counts counts;

    /// @param maxConsecutiveBad bad records of one partition in a row that stop the run
    /// @param counts of what was read before
    RecordUse(RecordReader reader, SeenIds seen, SkipRanges skips, int maxConsecutiveBad, Cursor.Counts counts) {
        this.reader = reader;
        this.seen = seen;
        this.skips = skips;
        this.maxConsecutiveBad = maxConsecutiveBad;
        this.counts = counts;
    }

    Cursor.Counts counts() {
        return counts;
    }

    /// The bad records that were found since they were taken before.
    List<DeadLetter> takeLetters() {
        List<DeadLetter> taken = letters;
        letters = new ArrayList<>();
        return taken;
    }

    /// What was read since it was taken before, and is not trained.
    List<Untrained> takeUntrained() {
        return untrained.take();
    }

    /// Takes the next record of a lane.
    ///
    /// @throws IntakeFailedException where a checkpoint goes on with another, or too many in a row are bad
    void take(Lane lane, ConsumerRecord<byte[], byte[]> record) {
        Position here = new Position(lane.epoch, record.offset(), 0);
        // A resumed run reads again what waited for its window: that is counted, and reported, once.
        boolean first = here.compareTo(lane.examined) >= 0;
        if (first) {
            comeTo(lane, record.offset());
            lane.examined = new Position(lane.epoch, record.offset() + 1, 0);
        }
        PositionCheck.Checked check = PositionCheck.Checked.of(lane.epoch, record);
        lane.records.requireSame(check, record);
        Cursor.Counts before = counts;
        counts = counts.read(record.value() == null ? 0 : record.value().length);
        Read read = skips.hold(lane.partition, here) ? new Read.Skipped(Untrained.Why.TAKEN_OUT) : reader.read(record);
        Optional<Untrained.Why> leftOut = use(lane, record, check, read, first);
        if (first) {
            leftOut.ifPresent(why -> untrained.add(lane.partition, lane.epoch, record.offset(), record.offset(), why));
        } else {
            counts = before;
        }
    }

    /// The next record of a lane lies here: there is none before it, and where it is the first of its pass, none behind
    /// the last one of the pass before.
    private void comeTo(Lane lane, long offset) {
        long next = lane.examined.offset();
        if (lane.examined.epoch() < lane.epoch) {
            untrained.add(lane.partition, lane.examined.epoch(), next, Long.MAX_VALUE, Untrained.Why.OUTSIDE);
            next = lane.first;
        }
        untrained.add(lane.partition, lane.epoch, next, offset - 1, Untrained.Why.ABSENT);
    }

    /// @return why nothing of it is trained, where that is so
    private Optional<Untrained.Why> use(
            Lane lane, ConsumerRecord<byte[], byte[]> record, PositionCheck.Checked check, Read read, boolean first) {
        return switch (read) {
            case Read.Tokens tokens -> {
                lane.badInARow = 0;
                boolean again = tokens.documentId()
                        .filter(id -> !seen.first(lane.partition, lane.epoch, record.offset(), id))
                        .isPresent();
                if (again) {
                    counts = counts.oneDuplicate();
                    yield Optional.of(Untrained.Why.DUPLICATE);
                }
                counts = counts.tokens(tokens.ids().length);
                lane.packer.append(lane.epoch, record.offset(), tokens.ids());
                lane.records.waits(check);
                yield tokens.ids().length == 0 ? Optional.of(Untrained.Why.EMPTY) : Optional.empty();
            }
            case Read.Skipped skipped -> {
                counts = counts.oneSkipped();
                lane.badInARow = 0;
                yield Optional.of(skipped.why());
            }
            case Read.Rejected rejected -> {
                counts = counts.oneRejected();
                reject(lane, record, rejected.reason(), first);
                yield Optional.of(Untrained.Why.BAD);
            }
        };
    }

    private void reject(Lane lane, ConsumerRecord<byte[], byte[]> record, String reason, boolean first) {
        // A later pass meets the same record again: it is a dead letter once.
        if (first && lane.epoch == 0) {
            letters.add(new DeadLetter(record, reason));
        }
        lane.badInARow++;
        if (lane.badInARow >= maxConsecutiveBad) {
            throw new IntakeFailedException(lane.badInARow + " records in a row of " + record.topic() + "-"
                    + record.partition() + " up to @" + record.offset()
                    + " are bad (millrace.intake.max-consecutive-bad), the last because " + reason
                    + "; look at what is being produced there, or raise the limit");
        }
    }
}
