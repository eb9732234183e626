package dev.millrace.trainer.batch;

import dev.millrace.trainer.intake.RecordSource;
import dev.millrace.trainer.intake.Taken;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/// A topic in memory whose records are known beforehand. The token ids of a record are its value, one a character.
public final class ScriptedLog implements RecordSource {
    private final SortedMap<Integer, List<ConsumerRecord<byte[], byte[]>>> partitions = new TreeMap<>();
    private final Map<Integer, Long> next = new TreeMap<>();
    private final boolean bounded;

    public ScriptedLog(boolean bounded) {
        this.bounded = bounded;
    }

    public ScriptedLog partition(int partition, String... values) {
        List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
        for (int offset = 0; offset < values.length; offset++) {
            byte[] value = values[offset].getBytes(StandardCharsets.UTF_8);
            records.add(new ConsumerRecord<>("documents", partition, offset, new byte[0], value));
        }
        partitions.put(partition, records);
        next.put(partition, 0L);
        return this;
    }

    public ScriptedLog from(Cursor cursor) {
        cursor.partitions()
                .forEach(each -> next.put(each.partition(), each.position().offset()));
        return this;
    }

    public Bounds bounds(int epochs) {
        SortedMap<Integer, Bounds.Stretch> stretches = new TreeMap<>();
        partitions.forEach((partition, records) -> stretches.put(partition, new Bounds.Stretch(0, records.size())));
        return new Bounds(epochs, stretches);
    }

    public Cursor start() {
        return new Cursor(
                0,
                0,
                partitions.keySet().stream()
                        .map(partition -> PartitionCursor.startingAt(partition, 0))
                        .toList(),
                Cursor.Counts.NONE);
    }

    @Override
    public Taken take(int partition) {
        List<ConsumerRecord<byte[], byte[]>> records = Objects.requireNonNull(partitions.get(partition));
        long offset = Objects.requireNonNull(next.get(partition));
        if (offset >= records.size()) {
            return bounded ? new Taken.Exhausted() : new Taken.AtLogEnd();
        }
        next.put(partition, offset + 1);
        return new Taken.Next(records.get((int) offset));
    }

    @Override
    public void awaitAny(Collection<Integer> waiting) throws InterruptedException {
        throw new InterruptedException("nothing more is scripted");
    }

    @Override
    public void rewind(int partition, long offset) {
        next.put(partition, offset);
    }

    /// Reads a record of this log: `!…` is bad, `?…` of another medium, `#1…` a text of id 1, anything
    /// else a text without.
    public static Read read(ConsumerRecord<byte[], byte[]> record) {
        String value = new String(record.value(), StandardCharsets.UTF_8);
        if (value.startsWith("!")) {
            return new Read.Rejected(value);
        }
        if (value.startsWith("#")) {
            return new Read.Tokens(value.substring(2).chars().toArray(), Optional.of(value.substring(1, 2)));
        }
        return value.startsWith("?")
                ? new Read.Skipped(Untrained.Why.MEDIUM)
                : new Read.Tokens(value.chars().toArray(), Optional.empty());
    }
}
