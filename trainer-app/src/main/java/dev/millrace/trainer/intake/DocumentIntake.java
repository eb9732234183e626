package dev.millrace.trainer.intake;

import io.quarkus.runtime.ShutdownEvent;
import io.smallrye.common.annotation.Identifier;
import io.smallrye.mutiny.Multi;
import io.smallrye.reactive.messaging.kafka.KafkaClientService;
import io.smallrye.reactive.messaging.kafka.KafkaConsumer;
import io.smallrye.reactive.messaging.kafka.KafkaConsumerRebalanceListener;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Default;
import jakarta.inject.Singleton;
import java.util.Collection;
import java.util.List;
import java.util.OptionalLong;
import java.util.SortedSet;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.TopicPartition;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.reactive.messaging.Channel;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// The channel `documents` as a shell around the [RecordExchange]: batches in, pauses and seeks out, offsets
/// mirrored.
///
/// The poll thread never waits for the model: a batch is handed over and the method returns. The connector does
/// not retry a poll that failed (`retry=false`): Kafka's consumer retries by itself whatever passes, and what
/// it throws is for good. Then the channel ends, and the exchange tells whoever waits for a record.
@Singleton
@Default
@Identifier(DocumentIntake.CHANNEL)
public final class DocumentIntake implements KafkaConsumerRebalanceListener {
    static final String CHANNEL = "documents";
    private static final Logger LOG = Logger.getLogger(DocumentIntake.class);
    /// After the training thread has been stopped, which is what observes first.
    private static final int AFTER_TRAINING = 3000;

    private final String topic;
    private final String group;
    private final String isolationLevel;
    private final RecordExchange exchange;
    private final PollThreadControl control;
    private final PolledOffsets polled;
    private final Multi<ConsumerRecords<byte[], byte[]>> batches;
    private volatile RecordWatcher watcher = _ -> {};
    private final ScheduledExecutorService positions = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("millrace-positions").daemon().factory());

    DocumentIntake(
            IntakeConfig config,
            Config settings,
            KafkaClientService clients,
            PolledOffsets polled,
            @Channel(CHANNEL) Multi<ConsumerRecords<byte[], byte[]>> batches) {
        this.batches = batches;
        this.polled = polled;
        this.topic = settings.getValue("mp.messaging.incoming." + CHANNEL + ".topic", String.class);
        this.group = settings.getValue("mp.messaging.incoming." + CHANNEL + ".group.id", String.class);
        this.isolationLevel = settings.getValue("mp.messaging.incoming." + CHANNEL + ".isolation.level", String.class);
        this.control = new PollThreadControl(topic, () -> consumer(clients), polled);
        this.exchange = new RecordExchange(
                config.highWatermark().asLongValue(), config.lowWatermark().asLongValue(), control, polled);
        long millis = config.positionInterval().toMillis();
        var _ = positions.scheduleWithFixedDelay(
                () -> control.run(this::observe, "read positions"), millis, millis, TimeUnit.MILLISECONDS);
    }

    private static @Nullable KafkaConsumer<byte[], byte[]> consumer(KafkaClientService clients) {
        return clients.getConsumer(CHANNEL);
    }

    /// The topic of the channel.
    public String topic() {
        return topic;
    }

    /// The consumer group of the channel.
    public String group() {
        return group;
    }

    /// Which records of the topic count: the committed ones, or all.
    public String isolationLevel() {
        return isolationLevel;
    }

    /// Where the records go.
    public RecordExchange exchange() {
        return exchange;
    }

    /// Has a watcher see the records. Before [#join].
    public void watch(RecordWatcher sees) {
        watcher = sees;
    }

    /// Joins the group: to be called once, by the one trainer that has the run.
    public void join() {
        var _ = batches.subscribe()
                .with(
                        this::take,
                        this::broken,
                        () -> broken(new IllegalStateException("the channel " + CHANNEL + " ended by itself")));
    }

    private void take(ConsumerRecords<byte[], byte[]> batch) {
        batch.forEach(watcher::fetched);
        exchange.offer(batch);
    }

    /// Nothing will come any more.
    private void broken(Throwable cause) {
        IntakeFailedException told = BrokenConsumer.explain(cause, topic, group, exchange.status());
        LOG.error(told.getMessage());
        control.stop();
        positions.shutdownNow();
        exchange.fail(told);
    }

    @Override
    public void onPartitionsAssigned(Consumer<?, ?> consumer, Collection<TopicPartition> partitions) {
        LOG.infof("assigned %s", partitions);
        exchange.assign(numbers(partitions), new ConsumerControl(topic, consumer, polled));
        SortedSet<Integer> unread = exchange.unread();
        if (!unread.isEmpty()) {
            LOG.warnf(
                    "partitions %s were added to %s after this run had begun, and nothing of them is trained yet: a run"
                            + " that goes on for ever takes them in, from their first record, when the trainer is started"
                            + " again; a run of epochs keeps to what it began with",
                    unread, topic);
        }
    }

    @Override
    public void onPartitionsRevoked(Consumer<?, ?> consumer, Collection<TopicPartition> partitions) {
        if (!partitions.isEmpty()) {
            LOG.infof("revoked %s", partitions);
        }
        exchange.revoke(numbers(partitions));
    }

    void stop(@Observes @Priority(AFTER_TRAINING) ShutdownEvent event) {
        positions.shutdownNow();
        exchange.close();
    }

    /// On the poll thread: positions and lags are local knowledge of the consumer.
    private void observe(Consumer<byte[], byte[]> consumer) {
        for (TopicPartition partition : consumer.assignment()) {
            OptionalLong lag = consumer.currentLag(partition);
            if (lag.isPresent()) {
                exchange.observe(
                        partition.partition(),
                        consumer.position(partition),
                        lag.getAsLong(),
                        polled.last(partition.partition()));
            }
        }
    }

    private static List<Integer> numbers(Collection<TopicPartition> partitions) {
        return partitions.stream().map(TopicPartition::partition).toList();
    }

    /// For the outcome of a record's reading: never its content.
    static String place(ConsumerRecord<?, ?> record) {
        return record.topic() + "-" + record.partition() + "@" + record.offset();
    }
}
