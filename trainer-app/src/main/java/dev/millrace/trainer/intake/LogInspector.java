package dev.millrace.trainer.intake;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/// Looks at a topic from outside the consumer group, when a run begins.
///
/// Every call uses clients of its own, with bounded waits, and throws [IntakeFailedException] where the broker or
/// the topic is not there.
public final class LogInspector {
    private static final Duration PATIENCE = Duration.ofSeconds(15);

    private final Map<String, Object> clientSettings;
    private final String topic;
    private final String group;

    /// @param clientSettings `kafka.*` settings of the application: bootstrap servers, security
    public LogInspector(Map<String, Object> clientSettings, String topic, String group) {
        this.clientSettings = Map.copyOf(clientSettings);
        this.topic = topic;
        this.group = group;
    }

    /// Whose committed offsets are looked at.
    public String group() {
        return group;
    }

    /// A topic at one moment.
    ///
    /// @param topicId changes when a topic is deleted and created again under the same name
    public record Snapshot(String topicId, SortedMap<Integer, Extent> partitions) {
        public Snapshot {
            partitions = new TreeMap<>(partitions);
        }
    }

    /// One partition at one moment.
    ///
    /// @param first its first offset
    /// @param end the offset past its last one, transaction markers included
    /// @param committed what the group committed; -1 where it never did
    public record Extent(long first, long end, long committed) {}

    /// Looks at the topic.
    public Snapshot look() throws InterruptedException {
        try (Admin admin = admin();
                Consumer<byte[], byte[]> consumer = consumer()) {
            TopicDescription description = Objects.requireNonNull(admin.describeTopics(List.of(topic))
                    .allTopicNames()
                    .get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)
                    .get(topic));
            List<TopicPartition> partitions = description.partitions().stream()
                    .map(info -> new TopicPartition(topic, info.partition()))
                    .toList();
            Map<TopicPartition, Long> first = consumer.beginningOffsets(partitions);
            Map<TopicPartition, Long> end = consumer.endOffsets(partitions);
            Map<TopicPartition, OffsetAndMetadata> committed = consumer.committed(new HashSet<>(partitions));
            SortedMap<Integer, Extent> extents = new TreeMap<>();
            for (TopicPartition partition : partitions) {
                OffsetAndMetadata offset = committed.get(partition);
                extents.put(
                        partition.partition(),
                        new Extent(
                                offsetOf(first, partition),
                                offsetOf(end, partition),
                                offset == null ? -1 : offset.offset()));
            }
            return new Snapshot(description.topicId().toString(), extents);
        } catch (ExecutionException e) {
            throw unreachable(e.getCause() == null ? e : e.getCause());
        } catch (TimeoutException | org.apache.kafka.common.KafkaException e) {
            throw unreachable(e);
        }
    }

    /// Where the members of the group run, as the broker knows them; one that was killed counts until its
    /// session ends.
    public List<String> members() throws InterruptedException {
        try (Admin admin = admin()) {
            ConsumerGroupDescription description = Objects.requireNonNull(admin.describeConsumerGroups(List.of(group))
                    .all()
                    .get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)
                    .get(group));
            return description.members().stream()
                    .map(member -> member.clientId() + " on " + member.host())
                    .toList();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof GroupIdNotFoundException) {
                return List.of();
            }
            throw unreachable(e.getCause() == null ? e : e.getCause());
        } catch (TimeoutException | org.apache.kafka.common.KafkaException e) {
            throw unreachable(e);
        }
    }

    /// Looks at the records of a topic one by one.
    public interface Visitor {
        /// @return whether to go on
        boolean visit(ConsumerRecord<byte[], byte[]> record);
    }

    /// Reads the topic as it is now: its partitions in ascending order, each from its beginning to its end.
    public void read(Visitor visitor) throws InterruptedException {
        for (Map.Entry<Integer, Extent> each : look().partitions().entrySet()) {
            try (Consumer<byte[], byte[]> consumer = consumer()) {
                if (!read(consumer, new TopicPartition(topic, each.getKey()), each.getValue(), visitor)) {
                    return;
                }
            } catch (org.apache.kafka.common.KafkaException e) {
                throw unreachable(e);
            }
        }
    }

    private boolean read(Consumer<byte[], byte[]> consumer, TopicPartition partition, Extent extent, Visitor visitor) {
        consumer.assign(List.of(partition));
        consumer.seek(partition, extent.first());
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (consumer.position(partition) < extent.end()) {
            for (ConsumerRecord<byte[], byte[]> record :
                    consumer.poll(Duration.ofMillis(200)).records(partition)) {
                if (record.offset() < extent.end() && !visitor.visit(record)) {
                    return false;
                }
                deadline = System.nanoTime() + PATIENCE.toNanos();
            }
            if (System.nanoTime() > deadline) {
                throw new IntakeFailedException("cannot read " + partition + " to its end @" + extent.end()
                        + ": nothing came within " + PATIENCE.toSeconds() + " s");
            }
        }
        return true;
    }

    /// The offset past the last record of each partition below a given end: markers of transactions are not
    /// records, and who waits for one waits for ever.
    ///
    /// @param extents as [#look] found them
    public Map<Integer, Long> endsOfRecords(Map<Integer, Extent> extents) {
        Map<Integer, Long> ends = new HashMap<>();
        extents.forEach((partition, extent) -> {
            // A consumer each: one that changes its assignment complains of answers that come late.
            try (Consumer<byte[], byte[]> consumer = consumer()) {
                ends.put(partition, endOfRecords(consumer, new TopicPartition(topic, partition), extent));
            } catch (org.apache.kafka.common.KafkaException e) {
                throw unreachable(e);
            }
        });
        return ends;
    }

    private long endOfRecords(Consumer<byte[], byte[]> consumer, TopicPartition partition, Extent extent) {
        consumer.assign(List.of(partition));
        long back = 1;
        while (extent.end() > extent.first()) {
            long from = Math.max(extent.first(), extent.end() - back);
            long last = lastRecord(consumer, partition, from, extent.end());
            if (last >= 0) {
                return last + 1;
            }
            if (from == extent.first()) {
                return extent.first();
            }
            back *= 4;
        }
        return extent.first();
    }

    private long lastRecord(Consumer<byte[], byte[]> consumer, TopicPartition partition, long from, long end) {
        long last = -1;
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        consumer.seek(partition, from);
        while (consumer.position(partition) < end) {
            for (ConsumerRecord<byte[], byte[]> record :
                    consumer.poll(Duration.ofMillis(200)).records(partition)) {
                if (record.offset() < end) {
                    last = record.offset();
                }
                deadline = System.nanoTime() + PATIENCE.toNanos();
            }
            if (System.nanoTime() > deadline) {
                throw new IntakeFailedException("cannot read " + partition + " from @" + from + " to its end @" + end
                        + " within " + PATIENCE.toSeconds() + " s");
            }
        }
        return last;
    }

    private static long offsetOf(Map<TopicPartition, Long> offsets, TopicPartition partition) {
        return Objects.requireNonNull(offsets.get(partition), () -> "no offset of " + partition);
    }

    private Admin admin() {
        return Admin.create(settings(Map.of(
                "request.timeout.ms", (int) PATIENCE.toMillis(),
                "default.api.timeout.ms", (int) PATIENCE.toMillis())));
    }

    private Consumer<byte[], byte[]> consumer() {
        return new KafkaConsumer<>(
                settings(Map.of(
                        "group.id",
                        group,
                        "enable.auto.commit",
                        false,
                        "auto.offset.reset",
                        "none",
                        "isolation.level",
                        "read_committed",
                        "default.api.timeout.ms",
                        (int) PATIENCE.toMillis())),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer());
    }

    private Map<String, Object> settings(Map<String, Object> more) {
        Map<String, Object> all = new HashMap<>(clientSettings);
        all.putAll(more);
        return all;
    }

    private IntakeFailedException unreachable(Throwable cause) {
        List<String> servers = new ArrayList<>();
        servers.add(String.valueOf(clientSettings.get("bootstrap.servers")));
        return new IntakeFailedException(
                "cannot look at topic " + topic + " and group " + group + " on kafka.bootstrap.servers = "
                        + String.join(",", servers) + ": " + cause.getClass().getSimpleName() + ": "
                        + cause.getMessage(),
                cause);
    }
}
