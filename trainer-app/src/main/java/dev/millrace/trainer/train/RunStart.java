package dev.millrace.trainer.train;

import dev.millrace.trainer.batch.Bounds;
import dev.millrace.trainer.batch.Cursor;
import dev.millrace.trainer.batch.PartitionCursor;
import dev.millrace.trainer.intake.LogInspector;
import dev.millrace.trainer.intake.LogInspector.Extent;
import dev.millrace.trainer.intake.RecordExchange;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.SortedMap;
import java.util.TreeMap;

/// Where on the log a run begins or goes on, and where it ends.
///
/// @param cursor how far it has come
/// @param bounds what it passes over; empty where it goes on for ever
record RunStart(Cursor cursor, Optional<Bounds> bounds) {

    /// A run that begins now.
    ///
    /// @param start where; without it at the first record of each partition, unless the group has committed offsets
    /// @throws IllegalArgumentException where it is not clear which records are still to be trained, or where those
    ///     are gone
    static RunStart fresh(
            LogInspector.Snapshot snapshot,
            LogInspector inspector,
            OptionalInt epochs,
            Optional<TrainConfig.Start> start) {
        if (start.isEmpty()) {
            requireNothingCommitted(snapshot, inspector.group());
        }
        Map<Integer, Extent> extents = new TreeMap<>();
        snapshot.partitions()
                .forEach((partition, extent) -> extents.put(
                        partition,
                        new Extent(
                                switch (start.orElse(TrainConfig.Start.EARLIEST)) {
                                    case EARLIEST -> extent.first();
                                    case LATEST -> extent.end();
                                    case COMMITTED -> committed(partition, extent);
                                },
                                extent.end(),
                                extent.committed())));
        List<PartitionCursor> cursors = new ArrayList<>();
        extents.forEach((partition, extent) -> cursors.add(PartitionCursor.startingAt(partition, extent.first())));
        Cursor cursor = new Cursor(0, 0, cursors, Cursor.Counts.NONE);
        if (epochs.isEmpty()) {
            return new RunStart(cursor, Optional.empty());
        }
        Map<Integer, Long> ends = inspector.endsOfRecords(extents);
        TreeMap<Integer, Bounds.Stretch> stretches = new TreeMap<>();
        extents.forEach((partition, extent) -> stretches.put(
                partition, new Bounds.Stretch(extent.first(), ends.getOrDefault(partition, extent.first()))));
        return new RunStart(cursor, Optional.of(new Bounds(epochs.getAsInt(), stretches)));
    }

    private static void requireNothingCommitted(LogInspector.Snapshot snapshot, String group) {
        SortedMap<Integer, Long> committed = new TreeMap<>();
        snapshot.partitions().forEach((partition, extent) -> {
            if (extent.committed() >= 0) {
                committed.put(partition, extent.committed());
            }
        });
        if (!committed.isEmpty()) {
            throw new IllegalArgumentException("group " + group + " has committed offsets " + committed
                    + " by partition, but millrace.checkpoint.directory holds no checkpoint: the weights that were"
                    + " trained up to there are elsewhere, or lost. Name their directory; or begin with new weights and"
                    + " set millrace.train.start to committed (behind those offsets), earliest or latest");
        }
    }

    private static long committed(int partition, Extent extent) {
        if (extent.committed() < 0) {
            return extent.first();
        }
        if (extent.committed() < extent.first() || extent.committed() > extent.end()) {
            throw new IllegalArgumentException("the group committed @" + extent.committed() + " of partition "
                    + partition + ", but the log holds @" + extent.first() + " to @" + extent.end()
                    + ": records were deleted, or the topic was created again. Reset the group's offsets with"
                    + " kafka-consumer-groups.sh, or set millrace.train.start to earliest or latest");
        }
        return extent.committed();
    }

    /// A run that goes on from a checkpoint. Partitions that were added since begin at their first offset.
    ///
    /// @throws IllegalArgumentException where records that it still needs are gone
    static RunStart resumed(LogInspector.Snapshot snapshot, Cursor cursor, Optional<Bounds> bounds) {
        List<PartitionCursor> cursors = new ArrayList<>();
        for (PartitionCursor partition : cursor.partitions()) {
            Extent extent = snapshot.partitions().get(partition.partition());
            if (extent == null) {
                throw new IllegalArgumentException("partition " + partition.partition()
                        + " of the checkpoint is not on the topic, which has "
                        + snapshot.partitions().keySet());
            }
            long offset = partition.position().offset();
            if (!partition.done() && (offset < extent.first() || offset > extent.end())) {
                throw new IllegalArgumentException("partition " + partition.partition() + " is to go on at @" + offset
                        + ", but the log holds @" + extent.first() + " to @" + extent.end()
                        + ": records were deleted before they were trained (see the topic's retention), or the topic was"
                        + " created again. Nothing is skipped in silence: begin a new run in another"
                        + " millrace.checkpoint.directory");
            }
            cursors.add(partition);
        }
        Cursor complete = cursor;
        if (bounds.isEmpty()) {
            snapshot.partitions().forEach((partition, extent) -> {
                if (cursor.partitions().stream().noneMatch(each -> each.partition() == partition)) {
                    cursors.add(PartitionCursor.startingAt(partition, extent.first()));
                }
            });
            cursors.sort((a, b) -> Integer.compare(a.partition(), b.partition()));
            complete = new Cursor(cursor.epoch(), turn(cursor, cursors), cursors, cursor.counts());
        }
        return new RunStart(complete, bounds);
    }

    /// The same partition's turn, wherever the added ones have put it.
    private static int turn(Cursor cursor, List<PartitionCursor> cursors) {
        int partition = cursor.partitions().get(cursor.turn()).partition();
        for (int i = 0; i < cursors.size(); i++) {
            if (cursors.get(i).partition() == partition) {
                return i;
            }
        }
        throw new IllegalStateException("partition " + partition + " was lost while partitions were added");
    }

    /// What the exchange is to take of each partition.
    Map<Integer, RecordExchange.Range> ranges() {
        Map<Integer, RecordExchange.Range> ranges = new HashMap<>();
        for (PartitionCursor partition : cursor.partitions()) {
            long offset = partition.position().offset();
            ranges.put(
                    partition.partition(),
                    bounds.map(within -> new RecordExchange.Range(
                                    offset, within.of(partition.partition()).end()))
                            .orElseGet(() -> RecordExchange.Range.from(offset)));
        }
        return ranges;
    }

    /// Where each partition begins, for a person.
    String describe() {
        StringBuilder text = new StringBuilder(
                bounds.map(within -> within.epochs() + " epoch(s) over ").orElse("for ever over "));
        cursor.partitions()
                .forEach(partition -> text.append("partition ")
                        .append(partition.partition())
                        .append(" from @")
                        .append(partition.position().offset())
                        .append("; "));
        return text.toString();
    }
}
