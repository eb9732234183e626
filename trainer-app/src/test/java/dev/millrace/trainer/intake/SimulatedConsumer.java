package dev.millrace.trainer.intake;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/// Kafka's consumer, and the channel between it and a [RecordExchange], as chance would have them: polls of any size,
/// batches that are on their way, pauses and seeks that take effect late, positions that are read late, partitions that
/// are taken away and come back, a log that grows. It all happens on one thread, between two takes, so that a seed
/// repeats it.
///
/// Who takes and has to wait lets things happen until there is something. That it comes to an end is checked: one that
/// would wait for ever is an error.
public final class SimulatedConsumer implements RecordSource {
    /// So long partitions may be taken away while somebody waits: what comes only because they come back shows then.
    private static final int RESTLESS = 40;
    /// Chance has brought everything long before.
    private static final int PATIENCE = 5_000;

    private final SimulatedTopic topic;
    private final Random random;
    private final RecordExchange exchange;
    private final Map<Integer, Fetching> assigned = new HashMap<>();
    private final PolledOffsets polled = new PolledOffsets();
    private boolean settled;
    private final Deque<Runnable> pollThread = new ArrayDeque<>();
    private final Deque<List<ConsumerRecord<byte[], byte[]>>> onTheirWay = new ArrayDeque<>();

    /// A partition as the consumer has it.
    private static final class Fetching {
        private long position;
        private boolean paused;
        /// The end of the log that it knows of; -1 before it has fetched.
        private long knownEnd = -1;
    }

    /// @param ranges what the run takes of each partition
    public SimulatedConsumer(SimulatedTopic topic, Map<Integer, RecordExchange.Range> ranges, Random random) {
        this.topic = topic;
        this.random = random;
        this.exchange = new RecordExchange(2 + random.nextInt(20), random.nextInt(2), queueing(), polled);
        boolean before = random.nextBoolean();
        if (before) {
            assign(topic.partitions());
        }
        exchange.open(ranges);
        if (!before) {
            assign(topic.partitions());
        }
    }

    @Override
    public Taken take(int partition) throws InterruptedException {
        for (int i = random.nextInt(4); i > 0; i--) {
            something();
        }
        int restless = random.nextInt(RESTLESS);
        for (int i = 0; exchange.waits(partition); i++) {
            if (i == restless) {
                assign(topic.partitions().stream()
                        .filter(each -> !assigned.containsKey(each))
                        .toList());
                settled = true;
            } else if (i > PATIENCE) {
                throw new AssertionError("partition " + partition + " gives nothing any more: " + exchange.status());
            }
            something();
        }
        settled = false;
        return exchange.take(partition);
    }

    /// @throws InterruptedException where all is read that will ever be written
    @Override
    public void awaitAny(Collection<Integer> partitions) throws InterruptedException {
        while (exchange.atLogEnd(partitions)) {
            if (topic.complete() && partitions.stream().allMatch(this::isRead)) {
                throw new InterruptedException("all is read");
            }
            something();
        }
        exchange.awaitAny(partitions);
    }

    private boolean isRead(int partition) {
        RecordExchange.PartitionStatus status =
                Objects.requireNonNull(exchange.status().get(partition));
        return status.records() == 0 && status.awaited() >= topic.end(partition);
    }

    @Override
    public void rewind(int partition, long offset) {
        exchange.rewind(partition, offset);
    }

    private void something() {
        switch (random.nextInt(16)) {
            case 0 -> topic.grow(random);
            case 1 -> {
                if (!settled) {
                    rebalance();
                }
            }
            case 2, 3 -> pollThread.add(this::observe);
            case 4, 5, 6, 7 -> poll();
            case 8, 9, 10, 11 -> {
                if (!onTheirWay.isEmpty()) {
                    exchange.offer(onTheirWay.removeFirst());
                }
            }
            default -> {
                if (!pollThread.isEmpty()) {
                    pollThread.removeFirst().run();
                }
            }
        }
    }

    private void poll() {
        List<ConsumerRecord<byte[], byte[]>> batch = new ArrayList<>();
        assigned.forEach((partition, fetching) -> {
            if (!fetching.paused && random.nextInt(4) > 0) {
                fetch(partition, fetching, batch);
            }
        });
        if (!batch.isEmpty()) {
            onTheirWay.addLast(batch);
        }
    }

    private void fetch(int partition, Fetching fetching, List<ConsumerRecord<byte[], byte[]>> batch) {
        fetching.knownEnd = topic.end(partition);
        List<ConsumerRecord<byte[], byte[]>> fetched = topic.visible(partition).stream()
                .filter(record -> record.offset() >= fetching.position)
                .limit(1 + random.nextInt(3))
                .toList();
        if (!fetched.isEmpty()) {
            batch.addAll(fetched);
            fetching.position = fetched.getLast().offset() + 1;
            polled.returned(
                    partition, fetched.getFirst().offset(), fetched.getLast().offset());
        }
    }

    private void observe() {
        assigned.forEach((partition, fetching) -> {
            if (fetching.knownEnd >= 0) {
                exchange.observe(
                        partition,
                        fetching.position,
                        Math.max(0, fetching.knownEnd - fetching.position),
                        polled.last(partition));
            }
        });
    }

    private void rebalance() {
        int partition = random.nextInt(topic.partitions().size());
        if (assigned.remove(partition) == null) {
            assign(List.of(partition));
            return;
        }
        exchange.revoke(List.of(partition));
        if (random.nextBoolean()) {
            // The channel drops what it has of the partition, where it has not handed it over.
            onTheirWay.forEach(batch -> batch.removeIf(record -> record.partition() == partition));
        }
    }

    private void assign(Collection<Integer> partitions) {
        partitions.forEach(partition -> assigned.put(partition, new Fetching()));
        exchange.assign(partitions, atOnce());
    }

    private FlowControl atOnce() {
        return control((partition, action) -> action.accept(Objects.requireNonNull(assigned.get(partition))));
    }

    /// As the real one does: in order, on the poll thread, and nothing to a partition that is not there any more.
    private FlowControl queueing() {
        return control((partition, action) -> pollThread.add(() -> {
            Fetching fetching = assigned.get(partition);
            if (fetching != null) {
                action.accept(fetching);
            }
        }));
    }

    private interface Doing {
        void to(int partition, Consumer<Fetching> action);
    }

    private FlowControl control(Doing doing) {
        return new FlowControl() {
            @Override
            public void pause(int partition) {
                doing.to(partition, fetching -> fetching.paused = true);
            }

            @Override
            public void resume(int partition) {
                doing.to(partition, fetching -> fetching.paused = false);
            }

            @Override
            public void seek(int partition, long offset) {
                doing.to(partition, fetching -> {
                    fetching.position = offset;
                    polled.sought(partition, offset);
                });
            }
        };
    }
}
