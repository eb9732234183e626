package dev.millrace.trainer.intake;

import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;

/// The one hand-over from the poll thread to the preparing thread.
///
/// Each partition has its own buffer with its own watermarks: one that is full is paused alone, so the
/// partition that the next window must come from is never starved by the others. The poll side never blocks. A
/// record is taken in once, whatever the consumer fetches again, because each partition knows the least offset
/// that it still awaits; a partition that is assigned again goes on from there.
///
/// Thread-safe: all state is guarded by one lock; [FlowControl] is called under it and only queues work.
public final class RecordExchange implements RecordSource {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final SortedMap<Integer, PartitionBuffer> partitions = new TreeMap<>();
    private final SortedSet<Integer> assignedBeforeOpening = new TreeSet<>();
    private final SortedSet<Integer> unread = new TreeSet<>();
    private final long highWatermark;
    private final long lowWatermark;
    private final FlowControl control;
    private final PolledOffsets polled;
    private @Nullable IntakeFailedException failure;
    private boolean open;
    private boolean closed;

    /// @param highWatermark record bytes at which a partition is paused
    /// @param lowWatermark record bytes at which it is resumed
    /// @param polled knows what was fetched since a partition was rewound
    RecordExchange(long highWatermark, long lowWatermark, FlowControl control, PolledOffsets polled) {
        if (lowWatermark < 0 || lowWatermark >= highWatermark) {
            throw new IllegalArgumentException("millrace.intake.low-watermark = " + lowWatermark
                    + " must lie below millrace.intake.high-watermark = " + highWatermark);
        }
        this.highWatermark = highWatermark;
        this.lowWatermark = lowWatermark;
        this.control = control;
        this.polled = polled;
    }

    /// Opens the exchange, once: each partition of the run with the offset at which it begins and the one at
    /// which it ends.
    public void open(Map<Integer, Range> ranges) {
        lock.lock();
        try {
            if (open) {
                throw new IllegalStateException("the exchange is open already");
            }
            open = true;
            ranges.forEach(
                    (partition, range) -> partitions.put(partition, new PartitionBuffer(range.start(), range.end())));
            assign(assignedBeforeOpening, control);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// What a run takes of one partition.
    ///
    /// @param start the first offset
    /// @param end the offset past the last one; `Long.MAX_VALUE` where the run goes on for ever
    public record Range(long start, long end) {
        /// From `start`, for ever.
        public static Range from(long start) {
            return new Range(start, PartitionBuffer.UNBOUNDED);
        }
    }

    // --- the poll side ---

    /// Partitions were assigned to this consumer. Each is sought to the offset that it awaits, never to the
    /// group's; until the exchange is open they stay paused.
    ///
    /// @param now takes effect before the next fetch
    void assign(Collection<Integer> assigned, FlowControl now) {
        lock.lock();
        try {
            for (int partition : assigned) {
                PartitionBuffer buffer = partitions.get(partition);
                if (buffer != null) {
                    buffer.assigned(true);
                    now.seek(partition, buffer.awaited());
                    buffer.paused(wantsNoMore(buffer));
                    hold(partition, buffer.paused(), now);
                    if (!now.equals(control)) {
                        // What was asked before it was taken away may still be queued, and must not have the last word.
                        hold(partition, buffer.paused(), control);
                    }
                } else {
                    (open ? unread : assignedBeforeOpening).add(partition);
                    // Any offset will do while it is paused; without one the consumer would look for the group's.
                    now.seek(partition, 0);
                    now.pause(partition);
                }
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private static void hold(int partition, boolean paused, FlowControl control) {
        if (paused) {
            control.pause(partition);
        } else {
            control.resume(partition);
        }
    }

    /// Partitions were taken away. What was taken in of them stays: the log does not change.
    void revoke(Collection<Integer> revoked) {
        lock.lock();
        try {
            assignedBeforeOpening.removeAll(revoked);
            unread.removeAll(revoked);
            for (int partition : revoked) {
                PartitionBuffer buffer = partitions.get(partition);
                if (buffer != null) {
                    buffer.assigned(false);
                    // Where its log ends is no longer seen: whoever takes waits for it to come back.
                    buffer.forgetLogEnd();
                }
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// Takes in what a poll brought.
    void offer(Iterable<ConsumerRecord<byte[], byte[]>> records) {
        lock.lock();
        try {
            for (ConsumerRecord<byte[], byte[]> record : records) {
                PartitionBuffer buffer = partitions.get(record.partition());
                if (buffer != null && (!buffer.rewound() || isFirstOfPass(buffer, record))) {
                    buffer.offer(record);
                    if (!buffer.paused() && wantsNoMore(buffer)) {
                        buffer.paused(true);
                        control.pause(record.partition());
                    }
                }
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// What a partition was fetched of before it was rewound may still be on its way, and some of it twice: it
    /// was taken away and came back then. The next pass begins with what was fetched for it.
    private boolean isFirstOfPass(PartitionBuffer buffer, ConsumerRecord<byte[], byte[]> record) {
        return polled.isFirstFrom(record.partition(), buffer.awaited(), record.offset());
    }

    private boolean wantsNoMore(PartitionBuffer buffer) {
        return buffer.bytes() >= highWatermark || buffer.complete();
    }

    /// Where the consumer stands in a partition.
    ///
    /// @param polled the last record that a poll returned, offered here already or not yet; -1 for none
    void observe(int partition, long position, long lag, long polled) {
        lock.lock();
        try {
            PartitionBuffer buffer = partitions.get(partition);
            if (buffer != null) {
                buffer.observe(position, lag, polled);
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /// The consumer is broken for good: whoever takes is told, at once, whatever still waits here.
    void fail(IntakeFailedException cause) {
        lock.lock();
        try {
            if (failure == null) {
                failure = cause;
            }
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// The partitions that this consumer has and the run has not: they were added to the topic since it began.
    public SortedSet<Integer> unread() {
        lock.lock();
        try {
            return new TreeSet<>(unread);
        } finally {
            lock.unlock();
        }
    }

    // --- the preparing side ---

    @Override
    public Taken take(int partition) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            PartitionBuffer buffer = buffer(partition);
            requireAlive(partition);
            while (waits(partition)) {
                changed.await();
                requireAlive(partition);
            }
            ConsumerRecord<byte[], byte[]> record = buffer.poll();
            if (record == null) {
                return buffer.exhausted() ? new Taken.Exhausted() : new Taken.AtLogEnd();
            }
            if (buffer.paused() && buffer.bytes() <= lowWatermark && !buffer.complete()) {
                buffer.paused(false);
                control.resume(partition);
            }
            return new Taken.Next(record);
        } finally {
            lock.unlock();
        }
    }

    /// Whether who takes from a partition has to wait.
    boolean waits(int partition) {
        lock.lock();
        try {
            PartitionBuffer buffer = buffer(partition);
            return buffer.count() == 0 && !buffer.exhausted() && !buffer.atLogEnd();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void awaitAny(Collection<Integer> awaited) throws InterruptedException {
        lock.lockInterruptibly();
        try {
            requireAllAlive(awaited);
            while (atLogEnd(awaited)) {
                changed.await();
                requireAllAlive(awaited);
            }
        } finally {
            lock.unlock();
        }
    }

    /// Whether all of these stand at their log end.
    boolean atLogEnd(Collection<Integer> asked) {
        lock.lock();
        try {
            return asked.stream().allMatch(partition -> buffer(partition).atLogEnd());
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void rewind(int partition, long offset) {
        lock.lock();
        try {
            PartitionBuffer buffer = buffer(partition);
            buffer.rewind(offset);
            control.seek(partition, offset);
            if (buffer.paused()) {
                buffer.paused(false);
                control.resume(partition);
            }
        } finally {
            lock.unlock();
        }
    }

    /// Ends every wait; the records that still wait are dropped, for no state covers them.
    public void close() {
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /// For who waits for something else than a record.
    ///
    /// @throws IntakeFailedException when the consumer is broken for good
    public void requireConsumer() {
        lock.lock();
        try {
            if (failure != null) {
                throw new IntakeFailedException(failure.getMessage(), failure);
            }
        } finally {
            lock.unlock();
        }
    }

    // --- for probes and metrics ---

    /// Whether every partition of the run is assigned to this consumer and stands where its state says.
    public boolean ready() {
        lock.lock();
        try {
            return open && failure == null && partitions.values().stream().allMatch(PartitionBuffer::assigned);
        } finally {
            lock.unlock();
        }
    }

    /// Why the consumer is broken for good, where it is.
    public Optional<String> failure() {
        lock.lock();
        try {
            return Optional.ofNullable(failure).map(IntakeFailedException::getMessage);
        } finally {
            lock.unlock();
        }
    }

    /// A look at every partition.
    public SortedMap<Integer, PartitionStatus> status() {
        lock.lock();
        try {
            SortedMap<Integer, PartitionStatus> status = new TreeMap<>();
            partitions.forEach((partition, buffer) -> status.put(
                    partition,
                    new PartitionStatus(
                            buffer.awaited(), buffer.count(), buffer.bytes(), buffer.lag(), buffer.assigned())));
            return status;
        } finally {
            lock.unlock();
        }
    }

    /// @param awaited the next offset to take in
    /// @param records how many wait to be prepared
    /// @param bytes how large they are
    /// @param lag records on the log that the consumer has not fetched
    public record PartitionStatus(long awaited, int records, long bytes, long lag, boolean assigned) {}

    private PartitionBuffer buffer(int partition) {
        PartitionBuffer buffer = partitions.get(partition);
        if (buffer == null) {
            throw new IllegalArgumentException(
                    "partition " + partition + " is not of this run, which has " + partitions.keySet());
        }
        return buffer;
    }

    private void requireAllAlive(Collection<Integer> asked) throws InterruptedException {
        for (int partition : asked) {
            requireAlive(partition);
        }
    }

    private void requireAlive(int partition) throws InterruptedException {
        if (failure != null) {
            throw new IntakeFailedException(
                    "the consumer stopped while partition " + partition + " was awaited at offset "
                            + buffer(partition).awaited() + ": " + failure.getMessage(),
                    failure);
        }
        if (closed) {
            throw new InterruptedException("the intake is closed");
        }
    }
}
