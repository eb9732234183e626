package dev.millrace.trainer.batch;

import dev.millrace.trainer.intake.IntakeFailedException;
import dev.millrace.trainer.pack.Position;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.zip.CRC32C;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/// What lies at the position of a partition: a checkpoint knows the record that it goes on with, and a run that is
/// resumed holds the log against it. Owned by the preparing thread.
final class PositionCheck {
    /// Records whose tokens may wait for their window, oldest first.
    private final Deque<Checked> waiting = new ArrayDeque<>();
    /// Of the record that a resumed run begins with: what it was when the checkpoint was made.
    private final Checked expected;
    private boolean met;

    /// A record, by where it lies and by what it holds: length and CRC-32C of its value.
    record Checked(Position at, long check) {
        static Checked of(int epoch, ConsumerRecord<byte[], byte[]> record) {
            byte[] value = record.value() == null ? new byte[0] : record.value();
            CRC32C crc = new CRC32C();
            crc.update(value);
            // Never 0, which says that there is none.
            return new Checked(new Position(epoch, record.offset(), 0), ((value.length + 1L) << 32) | crc.getValue());
        }
    }

    PositionCheck(PartitionCursor cursor) {
        this.expected = new Checked(start(cursor.position()), cursor.check());
        if (cursor.check() != 0) {
            waiting.addLast(expected);
        }
    }

    private static Position start(Position of) {
        return new Position(of.epoch(), of.offset(), 0);
    }

    /// A record's tokens wait for their window.
    void waits(Checked record) {
        Checked last = waiting.peekLast();
        if (last == null || !last.at().equals(record.at())) {
            waiting.addLast(record);
        }
    }

    /// What the record at a position holds; 0 where none of it has been read.
    ///
    /// @param position not before that of an earlier call
    long at(Position position) {
        Position start = start(position);
        while (!waiting.isEmpty() && waiting.getFirst().at().compareTo(start) < 0) {
            waiting.removeFirst();
        }
        Checked first = waiting.peekFirst();
        return first != null && first.at().equals(start) ? first.check() : 0;
    }

    /// @throws IntakeFailedException where the record is not the one that lay there when the checkpoint was made, or
    ///     is one behind it: that one is gone then
    void requireSame(Checked read, ConsumerRecord<byte[], byte[]> record) {
        if (met || expected.check() == 0 || read.at().compareTo(expected.at()) < 0) {
            return;
        }
        met = read.equals(expected);
        if (!met) {
            long offset = expected.at().offset();
            throw new IntakeFailedException(record.topic() + "-" + record.partition() + "@" + offset
                    + " is not the record that lay there when the checkpoint was made"
                    + (record.offset() == offset ? "" : ", the next one is @" + record.offset())
                    + ": the log was changed, and some of it would be trained twice or never. Restore the topic, or begin"
                    + " a new run in another millrace.checkpoint.directory");
        }
    }
}
