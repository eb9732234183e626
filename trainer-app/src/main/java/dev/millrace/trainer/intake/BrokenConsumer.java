package dev.millrace.trainer.intake;

import java.util.Collection;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.NoOffsetForPartitionException;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.errors.RecordDeserializationException;

/// What to say of a consumer that is broken for good: where it stood, why it cannot go on, what to do.
final class BrokenConsumer {
    private BrokenConsumer() {}

    /// @param stood where each partition of the run stood; empty before a run has begun
    static IntakeFailedException explain(
            Throwable failure, String topic, String group, Map<Integer, RecordExchange.PartitionStatus> stood) {
        String what = switch (failure) {
            case OffsetOutOfRangeException gone ->
                places(gone.offsetOutOfRangePartitions())
                        + " is not on the log: records were deleted before they were trained (retention.ms,"
                        + " retention.bytes or deleteRecords of the topic), or the log was truncated. Nothing is skipped"
                        + " in silence: keep records for longer, and begin a new run in another"
                        + " millrace.checkpoint.directory";
            case NoOffsetForPartitionException unsought ->
                unsought.partitions() + " was fetched before it was sought, which is a fault of this program";
            case FencedInstanceIdException _ ->
                "another live member of group " + group + " has taken over millrace.intake.instance-id"
                        + " (group.instance.id): two trainers must not share one; stop one of them or name it"
                        + " otherwise";
            case RecordDeserializationException unreadable ->
                unreadable.topicPartition() + "@" + unreadable.offset()
                        + " cannot be read as a record: look at it with kafka-dump-log.sh; to go past it, delete the"
                        + " records up to it and begin a new run in another millrace.checkpoint.directory";
            case AuthenticationException _ ->
                "the broker does not accept who we say we are: see kafka.security.protocol and kafka.sasl.*";
            case AuthorizationException _ ->
                "the broker denies it: topic " + topic + " needs READ and DESCRIBE, group " + group + " needs READ";
            default ->
                "the consumer of " + topic + " cannot go on; it goes on from the last checkpoint when the trainer is"
                        + " started again";
        };
        return new IntakeFailedException(
                what + ". " + failure.getClass().getSimpleName() + ": " + failure.getMessage() + standing(topic, stood),
                failure);
    }

    private static String places(Map<TopicPartition, Long> offsets) {
        return offsets.entrySet().stream()
                .map(each -> each.getKey() + "@" + each.getValue())
                .sorted()
                .collect(Collectors.joining(", "));
    }

    private static String standing(String topic, Map<Integer, RecordExchange.PartitionStatus> stood) {
        SortedMap<Integer, RecordExchange.PartitionStatus> sorted = new TreeMap<>(stood);
        Collection<String> places = sorted.entrySet().stream()
                .map(each -> topic + "-" + each.getKey() + "@" + each.getValue().awaited())
                .toList();
        return places.isEmpty() ? "" : "; records were taken in up to " + String.join(", ", places);
    }
}
