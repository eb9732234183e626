package dev.millrace.trainer.intake;

import java.util.ArrayDeque;
import java.util.Deque;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/// The records of one partition that wait to be prepared. Guarded by the lock of its [RecordExchange].
final class PartitionBuffer {
    /// The end of a partition whose run goes on for ever.
    static final long UNBOUNDED = Long.MAX_VALUE;

    private final Deque<ConsumerRecord<byte[], byte[]>> records = new ArrayDeque<>();
    /// No record at or past this offset belongs to the run.
    private final long end;
    /// The least offset that is still awaited: what lies below has been taken in.
    private long awaited;

    private long bytes;
    private boolean paused;
    private boolean assigned;
    private boolean atLogEnd;
    private boolean rewound;
    private long lag;

    PartitionBuffer(long start, long end) {
        this.awaited = start;
        this.end = end;
    }

    /// Takes a record in, unless it was taken before (a fetch repeated after a seek) or lies past the end of
    /// the run. One that lies there says that all before it have come.
    void offer(ConsumerRecord<byte[], byte[]> record) {
        rewound = false;
        if (record.offset() < awaited) {
            return;
        }
        if (record.offset() >= end) {
            awaited = end;
            return;
        }
        awaited = record.offset() + 1;
        bytes += size(record);
        atLogEnd = false;
        records.addLast(record);
    }

    @Nullable
    ConsumerRecord<byte[], byte[]> poll() {
        ConsumerRecord<byte[], byte[]> record = records.pollFirst();
        if (record != null) {
            bytes -= size(record);
        }
        return record;
    }

    void rewind(long offset) {
        records.clear();
        bytes = 0;
        awaited = offset;
        atLogEnd = false;
        rewound = true;
    }

    /// Whether it was sent back, and nothing has come from there yet.
    boolean rewound() {
        return rewound;
    }

    /// All records of the run have come.
    boolean complete() {
        return awaited >= end;
    }

    boolean exhausted() {
        return records.isEmpty() && complete();
    }

    /// Only where the run goes on for ever: one that has an end waits for all that lies before it.
    boolean atLogEnd() {
        return end == UNBOUNDED && records.isEmpty() && atLogEnd;
    }

    /// @param position the next offset that the consumer will fetch
    /// @param lag records between it and the end of the log
    /// @param polled the last record that a poll returned
    void observe(long position, long lag, long polled) {
        this.lag = lag;
        // A position past what was taken in: transaction markers, or records that are still on their way here. Those
        // are on the log, and a partition that has them is not passed over.
        this.atLogEnd = lag == 0 && position >= awaited && polled < awaited;
    }

    void forgetLogEnd() {
        atLogEnd = false;
    }

    long awaited() {
        return awaited;
    }

    long end() {
        return end;
    }

    long bytes() {
        return bytes;
    }

    int count() {
        return records.size();
    }

    long lag() {
        return lag;
    }

    boolean paused() {
        return paused;
    }

    void paused(boolean now) {
        paused = now;
    }

    boolean assigned() {
        return assigned;
    }

    void assigned(boolean now) {
        assigned = now;
    }

    private static int size(ConsumerRecord<byte[], byte[]> record) {
        return Math.max(0, record.serializedKeySize()) + Math.max(0, record.serializedValueSize());
    }
}
