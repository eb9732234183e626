package dev.millrace.trainer.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.testing.EmbeddedKafka;
import dev.millrace.trainer.batch.Bounds;
import dev.millrace.trainer.batch.Cursor;
import dev.millrace.trainer.batch.PartitionCursor;
import dev.millrace.trainer.intake.LogInspector;
import dev.millrace.trainer.intake.LogInspector.Extent;
import dev.millrace.trainer.intake.RecordExchange.Range;
import dev.millrace.trainer.pack.Position;
import io.smallrye.reactive.messaging.kafka.companion.KafkaCompanion;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunStartTest {
    /// Asks no broker: a run for ever has no end to look for.
    private static final LogInspector UNASKED = new LogInspector(Map.of(), "documents", "group");

    @Test
    void aRunBeginsAtTheFirstRecordsWhereNothingIsSaidAndNothingWasCommitted() {
        LogInspector.Snapshot log = log(Map.of(0, new Extent(10, 50, -1), 1, new Extent(0, 30, -1)));

        RunStart start = RunStart.fresh(log, UNASKED, OptionalInt.empty(), Optional.empty());

        assertThat(start.bounds()).isEmpty();
        assertThat(start.cursor())
                .isEqualTo(cursor(0, PartitionCursor.startingAt(0, 10), PartitionCursor.startingAt(1, 0)));
    }

    @Test
    void committedOffsetsWithoutACheckpointStopTheStartUnlessItIsSaidWhatToDo() {
        LogInspector.Snapshot log = log(Map.of(0, new Extent(10, 50, -1), 1, new Extent(0, 30, 20)));

        assertThatThrownBy(() -> RunStart.fresh(log, UNASKED, OptionalInt.empty(), Optional.empty()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("group group has committed offsets {1=20} by partition")
                .hasMessageContaining("set millrace.train.start to committed");

        assertThat(begin(log, TrainConfig.Start.EARLIEST).ranges())
                .isEqualTo(Map.of(0, Range.from(10), 1, Range.from(0)));
        assertThat(begin(log, TrainConfig.Start.LATEST).ranges())
                .isEqualTo(Map.of(0, Range.from(50), 1, Range.from(30)));
        assertThat(begin(log, TrainConfig.Start.COMMITTED).ranges())
                .isEqualTo(Map.of(0, Range.from(10), 1, Range.from(20)));
    }

    @Test
    void aCommittedOffsetThatTheLogNoLongerHoldsStopsTheStart() {
        for (long committed : new long[] {9, 51}) {
            LogInspector.Snapshot log = log(Map.of(3, new Extent(10, 50, committed)));

            assertThatThrownBy(() -> begin(log, TrainConfig.Start.COMMITTED))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("the group committed @" + committed + " of partition 3")
                    .hasMessageContaining("the log holds @10 to @50")
                    .hasMessageContaining("kafka-consumer-groups.sh");
        }
    }

    @Test
    void epochsEndBehindTheLastRecordThatTheTopicHeld(@TempDir Path directory) throws Exception {
        try (EmbeddedKafka kafka = EmbeddedKafka.start(1, directory);
                KafkaCompanion companion = new KafkaCompanion(kafka.bootstrapServers())) {
            kafka.createTopic("documents", 2);
            companion
                    .produceStrings()
                    .fromRecords(List.of(
                            new ProducerRecord<>("documents", 0, "a", "one"),
                            new ProducerRecord<>("documents", 0, "b", "two")))
                    .awaitCompletion(Duration.ofSeconds(30));
            LogInspector inspector =
                    new LogInspector(Map.of("bootstrap.servers", kafka.bootstrapServers()), "documents", "group");

            RunStart start = RunStart.fresh(inspector.look(), inspector, OptionalInt.of(3), Optional.empty());

            assertThat(start.bounds()).hasValue(bounds(3, new Bounds.Stretch(0, 2), new Bounds.Stretch(0, 0)));
            assertThat(start.ranges()).isEqualTo(Map.of(0, new Range(0, 2), 1, new Range(0, 0)));
        }
    }

    @Test
    void aRunGoesOnAtTheCheckpointAndNotAtTheGroupsOffsets() {
        Cursor cursor = cursor(1, at(0, 15), at(1, 25));
        LogInspector.Snapshot log = log(Map.of(0, new Extent(10, 50, 40), 1, new Extent(0, 30, 0)));

        RunStart start = RunStart.resumed(log, cursor, Optional.empty());

        assertThat(start.cursor()).isEqualTo(cursor);
        assertThat(start.ranges()).isEqualTo(Map.of(0, Range.from(15), 1, Range.from(25)));
    }

    @Test
    void partitionsThatWereAddedJoinARunForEverWithoutTakingAnothersTurn() {
        Cursor cursor = cursor(1, at(1, 5), at(3, 5));
        LogInspector.Snapshot log = log(Map.of(
                0, new Extent(2, 9, -1), 1, new Extent(0, 9, -1), 2, new Extent(0, 9, -1), 3, new Extent(0, 9, -1)));

        RunStart start = RunStart.resumed(log, cursor, Optional.empty());

        assertThat(start.cursor())
                .isEqualTo(cursor(
                        3, PartitionCursor.startingAt(0, 2), at(1, 5), PartitionCursor.startingAt(2, 0), at(3, 5)));
    }

    @Test
    void aBoundedRunKeepsThePartitionsAndTheEndThatItBeganWith() {
        Cursor cursor = cursor(0, at(0, 5));
        Bounds bounds = bounds(1, new Bounds.Stretch(0, 8));
        LogInspector.Snapshot log = log(Map.of(0, new Extent(0, 100, -1), 1, new Extent(0, 9, -1)));

        RunStart start = RunStart.resumed(log, cursor, Optional.of(bounds));

        assertThat(start.cursor()).isEqualTo(cursor);
        assertThat(start.ranges()).isEqualTo(Map.of(0, new Range(5, 8)));
    }

    @Test
    void recordsThatAreGoneBeforeTheyWereTrainedStopTheStart() {
        LogInspector.Snapshot log = log(Map.of(0, new Extent(10, 50, -1)));

        for (long offset : new long[] {9, 51}) {
            assertThatThrownBy(() -> RunStart.resumed(log, cursor(0, at(0, offset)), Optional.empty()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("partition 0 is to go on at @" + offset + ", but the log holds @10 to @50")
                    .hasMessageContaining("begin a new run in another millrace.checkpoint.directory");
        }
        assertThatThrownBy(() -> RunStart.resumed(log, cursor(0, at(0, 10), at(4, 10)), Optional.empty()))
                .hasMessageContaining("partition 4 of the checkpoint is not on the topic, which has [0]");
    }

    @Test
    void aPartitionThatIsDoneNeedsItsRecordsNoMore() {
        PartitionCursor done = new PartitionCursor(0, Position.startingAt(8), Position.startingAt(8), 0, true);
        LogInspector.Snapshot log = log(Map.of(0, new Extent(10, 50, -1)));

        RunStart start = RunStart.resumed(log, cursor(0, done), Optional.of(bounds(1, new Bounds.Stretch(0, 8))));

        assertThat(start.cursor().partitions()).containsExactly(done);
    }

    private static RunStart begin(LogInspector.Snapshot log, TrainConfig.Start where) {
        return RunStart.fresh(log, UNASKED, OptionalInt.empty(), Optional.of(where));
    }

    private static LogInspector.Snapshot log(Map<Integer, Extent> partitions) {
        return new LogInspector.Snapshot("topic-id", new TreeMap<>(partitions));
    }

    private static PartitionCursor at(int partition, long offset) {
        return new PartitionCursor(partition, new Position(0, offset, 3), Position.startingAt(offset), 0, false);
    }

    private static Cursor cursor(int turn, PartitionCursor... partitions) {
        return new Cursor(0, turn, List.of(partitions), Cursor.Counts.NONE);
    }

    private static Bounds bounds(int epochs, Bounds.Stretch... stretches) {
        TreeMap<Integer, Bounds.Stretch> ranges = new TreeMap<>();
        for (Bounds.Stretch stretch : stretches) {
            ranges.put(ranges.size(), stretch);
        }
        return new Bounds(epochs, ranges);
    }
}
