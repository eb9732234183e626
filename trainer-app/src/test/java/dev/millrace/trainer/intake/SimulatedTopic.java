package dev.millrace.trainer.intake;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;

/// A topic whose records are known beforehand and come to be written one after the other, with holes between them
/// where a broker keeps the ends of transactions.
public final class SimulatedTopic {
    private final SortedMap<Integer, List<ConsumerRecord<byte[], byte[]>>> partitions = new TreeMap<>();
    private final Map<Integer, Integer> written = new HashMap<>();

    /// @param value of the next record
    public static SimulatedTopic random(Random random, Function<Random, String> value) {
        SimulatedTopic topic = new SimulatedTopic();
        int partitions = 1 + random.nextInt(4);
        for (int partition = 0; partition < partitions; partition++) {
            List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
            long offset = random.nextInt(3);
            int count = random.nextInt(12);
            for (int i = 0; i < count; i++) {
                records.add(record(partition, offset, value.apply(random)));
                offset += random.nextInt(4) == 0 ? 2 : 1;
            }
            topic.partitions.put(partition, records);
            topic.written.put(partition, random.nextInt(count + 1));
        }
        return topic;
    }

    private static ConsumerRecord<byte[], byte[]> record(int partition, long offset, String text) {
        byte[] value = text.getBytes(StandardCharsets.UTF_8);
        return new ConsumerRecord<>(
                "documents",
                partition,
                offset,
                0L,
                TimestampType.CREATE_TIME,
                0,
                value.length,
                new byte[0],
                value,
                new RecordHeaders(),
                Optional.empty());
    }

    public SortedSet<Integer> partitions() {
        return new TreeSet<>(partitions.keySet());
    }

    /// All records of a partition, written or not.
    public List<ConsumerRecord<byte[], byte[]>> records(int partition) {
        return Objects.requireNonNull(partitions.get(partition));
    }

    /// The records that are written by now.
    public List<ConsumerRecord<byte[], byte[]>> visible(int partition) {
        return records(partition).subList(0, Objects.requireNonNull(written.get(partition)));
    }

    /// The offset behind the last record that is written by now.
    public long end(int partition) {
        List<ConsumerRecord<byte[], byte[]>> visible = visible(partition);
        return visible.isEmpty() ? first(partition) : visible.getLast().offset() + 1;
    }

    /// The offset that a run begins with.
    public long first(int partition) {
        List<ConsumerRecord<byte[], byte[]>> records = records(partition);
        return records.isEmpty() ? 0 : records.getFirst().offset();
    }

    /// Writes a record of some partition, where there is one left.
    void grow(Random random) {
        int partition = random.nextInt(partitions.size());
        written.computeIfPresent(
                partition, (_, count) -> Math.min(count + 1, records(partition).size()));
    }

    boolean complete() {
        return partitions.keySet().stream()
                .allMatch(partition ->
                        visible(partition).size() == records(partition).size());
    }

    /// The log as one reads it who has all the time in the world: all of it is there.
    ///
    /// @param ends by partition, the offset that a run ends before; without any it goes on for ever
    public RecordSource whole(Map<Integer, Long> ends) {
        Map<Integer, Integer> next = new HashMap<>();
        return new RecordSource() {
            @Override
            public Taken take(int partition) {
                int at = next.getOrDefault(partition, 0);
                long end = ends.getOrDefault(partition, Long.MAX_VALUE);
                if (at == records(partition).size()
                        || records(partition).get(at).offset() >= end) {
                    return ends.isEmpty() ? new Taken.AtLogEnd() : new Taken.Exhausted();
                }
                next.put(partition, at + 1);
                return new Taken.Next(records(partition).get(at));
            }

            @Override
            public void awaitAny(Collection<Integer> waiting) throws InterruptedException {
                throw new InterruptedException("all is read");
            }

            @Override
            public void rewind(int partition, long offset) {
                next.put(partition, 0);
            }
        };
    }
}
