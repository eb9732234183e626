package dev.millrace.trainer.intake;

import io.smallrye.reactive.messaging.ClientCustomizer;
import jakarta.inject.Singleton;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.consumer.ConsumerInterceptor;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.eclipse.microprofile.config.Config;

/// What polls have returned of each partition, known before they return.
///
/// The channel hands records from the poll thread to another one. Between the two the consumer stands behind
/// records that nobody has seen, and only who knows which they are can tell that from standing at the end of
/// the log; and where it was sent back to an earlier offset, what was on its way before from what it fetched then.
/// Any thread.
@Singleton
final class PolledOffsets implements ClientCustomizer<Map<String, Object>> {
    private static final String KEY = "millrace.polled.offsets";
    private static final String INTERCEPTORS = "interceptor.classes";

    private final Map<Integer, Long> last = new ConcurrentHashMap<>();
    private final Map<Integer, Sought> sought = new ConcurrentHashMap<>();

    /// @param offset that the consumer was sent to last
    /// @param first the offset of the first record that a poll returned since; -1 for none yet
    private record Sought(long offset, long first) {}

    /// -1 where none was returned yet.
    long last(int partition) {
        return last.getOrDefault(partition, -1L);
    }

    /// Whether a record is the first one that was fetched since the consumer was sent to an offset.
    boolean isFirstFrom(int partition, long offset, long record) {
        return new Sought(offset, record).equals(sought.get(partition));
    }

    /// The consumer was sent to an offset. On the poll thread.
    void sought(int partition, long offset) {
        sought.put(partition, new Sought(offset, -1));
    }

    /// A poll returns records from one offset to another. On the poll thread.
    void returned(int partition, long from, long to) {
        last.merge(partition, to, Math::max);
        sought.computeIfPresent(partition, (_, since) -> since.first() >= 0 ? since : new Sought(since.offset(), from));
    }

    @Override
    public Map<String, Object> customize(String channel, Config settings, Map<String, Object> client) {
        if (channel.equals(DocumentIntake.CHANNEL)) {
            List<Object> interceptors = new ArrayList<>();
            switch (client.get(INTERCEPTORS)) {
                case List<?> several -> interceptors.addAll(several);
                case String names -> interceptors.addAll(List.of(names.split(",", -1)));
                case null, default -> {}
            }
            interceptors.add(Interceptor.class.getName());
            client.put(INTERCEPTORS, interceptors);
            client.put(KEY, this);
        }
        return client;
    }

    /// Made by the consumer, and called on its poll thread.
    public static final class Interceptor implements ConsumerInterceptor<byte[], byte[]> {
        private PolledOffsets polled = new PolledOffsets();

        @Override
        public void configure(Map<String, ?> settings) {
            if (!(settings.get(KEY) instanceof PolledOffsets told)) {
                throw new IllegalArgumentException("the consumer's settings have no " + KEY);
            }
            polled = told;
        }

        @Override
        public ConsumerRecords<byte[], byte[]> onConsume(ConsumerRecords<byte[], byte[]> records) {
            for (TopicPartition partition : records.partitions()) {
                List<ConsumerRecord<byte[], byte[]>> returned = records.records(partition);
                polled.returned(
                        partition.partition(),
                        returned.getFirst().offset(),
                        returned.getLast().offset());
            }
            return records;
        }

        @Override
        public void onCommit(Map<TopicPartition, OffsetAndMetadata> offsets) {}

        @Override
        public void close() {}
    }
}
