package dev.millrace.trainer.intake;

import io.smallrye.reactive.messaging.kafka.KafkaConsumer;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.kafka.common.TopicPartition;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// Queues what the exchange asks for on the channel's poll thread: two polls may still come before it takes effect.
final class PollThreadControl implements FlowControl {
    private static final Logger LOG = Logger.getLogger(PollThreadControl.class);

    private final String topic;
    private final Supplier<@Nullable KafkaConsumer<byte[], byte[]>> channel;
    private final PolledOffsets polled;
    private volatile boolean stopped;

    PollThreadControl(String topic, Supplier<@Nullable KafkaConsumer<byte[], byte[]>> channel, PolledOffsets polled) {
        this.topic = topic;
        this.channel = channel;
        this.polled = polled;
    }

    @Override
    public void pause(int partition) {
        queue(partition, "pause", new ConsumerControl.Pause());
    }

    @Override
    public void resume(int partition) {
        queue(partition, "resume", new ConsumerControl.Resume());
    }

    @Override
    public void seek(int partition, long offset) {
        queue(partition, "seek to " + offset, new ConsumerControl.Seek(offset, polled));
    }

    /// The consumer is broken: there is no poll thread to queue anything on.
    void stop() {
        stopped = true;
    }

    /// Runs on the poll thread, some time soon.
    void run(Consumer<org.apache.kafka.clients.consumer.Consumer<byte[], byte[]>> action, String what) {
        KafkaConsumer<byte[], byte[]> consumer = channel.get();
        if (stopped || consumer == null) {
            LOG.debugf("no consumer to %s", what);
            return;
        }
        consumer.runOnPollingThread(action).subscribe().with(_ -> {}, failure -> {
            if (!stopped) {
                LOG.errorf(failure, "cannot %s", what);
            }
        });
    }

    private void queue(int partition, String what, ConsumerControl.Action action) {
        TopicPartition topicPartition = new TopicPartition(topic, partition);
        run(
                consumer -> {
                    // Taken away since: its next assignment seeks.
                    if (consumer.assignment().contains(topicPartition)) {
                        action.on(consumer, topicPartition);
                    }
                },
                what + " " + topicPartition);
    }
}
