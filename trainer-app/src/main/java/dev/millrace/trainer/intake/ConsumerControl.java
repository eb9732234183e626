package dev.millrace.trainer.intake;

import java.util.List;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.TopicPartition;

/// Flow control on the poll thread itself, where it takes effect at once: for the rebalance listener.
final class ConsumerControl implements FlowControl {
    private final String topic;
    private final Consumer<?, ?> consumer;
    private final PolledOffsets polled;

    ConsumerControl(String topic, Consumer<?, ?> consumer, PolledOffsets polled) {
        this.topic = topic;
        this.consumer = consumer;
        this.polled = polled;
    }

    /// One thing to do to one partition of a consumer.
    sealed interface Action {
        void on(Consumer<?, ?> consumer, TopicPartition partition);
    }

    record Pause() implements Action {
        @Override
        public void on(Consumer<?, ?> consumer, TopicPartition partition) {
            consumer.pause(List.of(partition));
        }
    }

    record Resume() implements Action {
        @Override
        public void on(Consumer<?, ?> consumer, TopicPartition partition) {
            consumer.resume(List.of(partition));
        }
    }

    /// @param polled is told
    record Seek(long offset, PolledOffsets polled) implements Action {
        @Override
        public void on(Consumer<?, ?> consumer, TopicPartition partition) {
            consumer.seek(partition, offset);
            polled.sought(partition.partition(), offset);
        }
    }

    @Override
    public void pause(int partition) {
        new Pause().on(consumer, new TopicPartition(topic, partition));
    }

    @Override
    public void resume(int partition) {
        new Resume().on(consumer, new TopicPartition(topic, partition));
    }

    @Override
    public void seek(int partition, long offset) {
        new Seek(offset, polled).on(consumer, new TopicPartition(topic, partition));
    }
}
