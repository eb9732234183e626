package dev.millrace.trainer.publish;

import dev.millrace.trainer.ledger.LedgerEntry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsOptions;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/// Publishes what a checkpoint covers: its dead letters, the ledger of its steps, and the group's offsets, in
/// one Kafka transaction. The offsets carry the run and the step as metadata, so that a run that goes on knows
/// what has been published, whatever died when: nothing is published twice, and nothing is left out. Where the
/// group has forgotten its offsets, [PublishedMark] knows.
///
/// One transactional id per group: a trainer that has lost its run to another is fenced. The thread that writes
/// checkpoints owns it. A broker that is away costs at most [#PATIENCE] a checkpoint; the letters wait in the
/// [Outbox].
public final class Publisher implements AutoCloseable {
    static final String REASON = "dead-letter-reason";
    static final String TOPIC = "dead-letter-topic";
    static final String PARTITION = "dead-letter-partition";
    static final String OFFSET = "dead-letter-offset";
    static final String STEP = "dead-letter-step";
    /// Only where something was left out: what.
    static final String CUT = "dead-letter-cut";
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final Map<String, Object> clientSettings;
    private final Place place;
    private final PublishedMark mark;
    private final long recorded;
    private final Consumer<String> complaints;
    private @Nullable KafkaProducer<byte[], byte[]> producer;
    private long published = -1;

    /// Where things go.
    ///
    /// @param topic of the documents, whose offsets the group commits
    /// @param ledgerTopic keyed by run and step
    public record Place(String topic, String group, String deadLetterTopic, String ledgerTopic) {}

    /// The steps of the ledger between two.
    public interface Entries {
        /// @param after exclusive
        /// @param upTo inclusive
        List<LedgerEntry> between(long after, long upTo) throws IOException;
    }

    /// @param clientSettings `kafka.*` settings of the application: bootstrap servers, security
    /// @param mark tells this run from others of the same group, and how far it has published
    /// @param recorded steps that the ledger held when the run went on
    public Publisher(
            Map<String, Object> clientSettings,
            Place place,
            PublishedMark mark,
            long recorded,
            Consumer<String> complaints) {
        this.clientSettings = Map.copyOf(clientSettings);
        this.place = place;
        this.mark = mark;
        this.recorded = recorded;
        this.complaints = complaints;
    }

    /// Publishes up to a step what has not been published yet, and forgets it in the outbox. Where the broker
    /// is away it complains, and the outbox stays as it is.
    ///
    /// @param offsets by partition, the first that the checkpoint does not cover
    /// @return whether all of it is published now
    /// @throws IllegalStateException where another trainer has taken over the group, or has published what this
    ///     directory knows nothing of
    /// @throws IOException where the ledger cannot be read
    public boolean publish(long step, Outbox outbox, Entries entries, Map<Integer, Long> offsets)
            throws InterruptedException, IOException {
        try {
            KafkaProducer<byte[], byte[]> open = open(step);
            if (step > published) {
                open.beginTransaction();
                for (Outbox.Letter letter : outbox.letters(step)) {
                    if (letter.step() > published) {
                        var _ = open.send(deadLetter(letter));
                    }
                }
                for (LedgerEntry entry : entries.between(Math.max(published, 0), step)) {
                    var _ = open.send(new ProducerRecord<>(
                            place.ledgerTopic(), bytes(mark.run() + "/" + entry.step()), entry.json()));
                }
                open.sendOffsetsToTransaction(committed(step, offsets), new ConsumerGroupMetadata(place.group()));
                // Fails where any of the sends failed.
                open.commitTransaction();
                published = step;
                mark.write(step);
            }
            outbox.forget(step);
            return true;
        } catch (KafkaException | ExecutionException | TimeoutException e) {
            requireNotFenced(e);
            // Whether the transaction is on the log is found out with the next one.
            abandon();
            complaints.accept(
                    "what step " + step + " covers (" + outbox.letters(step).size()
                            + " dead letters, the ledger, the group's offsets) is not published yet, the next checkpoint tries"
                            + " again: " + withCauses(e));
            return false;
        }
    }

    /// A producer in an error state says so, and only its cause says why.
    private static String withCauses(Throwable failure) {
        return Stream.iterate(failure, Objects::nonNull, Throwable::getCause)
                .map(Throwable::toString)
                .distinct()
                .collect(Collectors.joining(", because of "));
    }

    private void requireNotFenced(Exception e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof ProducerFencedException || cause instanceof InvalidProducerEpochException) {
                throw new IllegalStateException(
                        "another trainer publishes for group " + place.group()
                                + ": one run has one trainer, stop the other or give it a group of its own",
                        e);
            }
        }
    }

    private KafkaProducer<byte[], byte[]> open(long step)
            throws InterruptedException, ExecutionException, TimeoutException {
        KafkaProducer<byte[], byte[]> open = producer;
        if (open == null) {
            Map<String, Object> settings = new HashMap<>(clientSettings);
            settings.put("client.id", "deepseek-trainer-publisher");
            settings.put("transactional.id", "millrace-" + place.group());
            settings.put("max.block.ms", PATIENCE.toMillis());
            settings.put("compression.type", "zstd");
            settings.put("max.request.size", 16 << 20);
            open = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
            producer = open;
            // Ends what a predecessor left open, one way or the other, and fences it.
            open.initTransactions();
            published = Math.max(readPublished(), mark.step());
            requireKnown(published, Math.max(recorded, step));
        }
        return open;
    }

    /// What is published is in the ledger before: one step more has the letters behind the last step of a run.
    private void requireKnown(long step, long known) {
        if (step > known + 1) {
            throw new IllegalStateException("run " + mark.run() + " has published up to step " + step
                    + ", and the ledger in millrace.checkpoint.directory ended with step " + known
                    + " when it went on: the directory is an older copy of the run. Bring back the latest one, or begin a"
                    + " new run in another directory");
        }
    }

    private long readPublished() throws InterruptedException, ExecutionException, TimeoutException {
        Map<String, Object> settings = new HashMap<>(clientSettings);
        settings.put("default.api.timeout.ms", (int) PATIENCE.toMillis());
        settings.put("request.timeout.ms", (int) PATIENCE.toMillis());
        long last = -1;
        try (Admin admin = Admin.create(settings)) {
            Map<TopicPartition, OffsetAndMetadata> offsets = admin.listConsumerGroupOffsets(
                            place.group(), new ListConsumerGroupOffsetsOptions().requireStable(true))
                    .partitionsToOffsetAndMetadata()
                    .get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
            for (Map.Entry<TopicPartition, OffsetAndMetadata> offset : offsets.entrySet()) {
                String[] parts = offset.getValue().metadata().split("@", 2);
                if (offset.getKey().topic().equals(place.topic()) && parts.length == 2 && parts[0].equals(mark.run())) {
                    last = Math.max(last, Long.parseLong(parts[1]));
                }
            }
        }
        return last;
    }

    private Map<TopicPartition, OffsetAndMetadata> committed(long step, Map<Integer, Long> offsets) {
        Map<TopicPartition, OffsetAndMetadata> committed = new HashMap<>();
        offsets.forEach((partition, offset) -> committed.put(
                new TopicPartition(place.topic(), partition), new OffsetAndMetadata(offset, mark.run() + "@" + step)));
        return committed;
    }

    private ProducerRecord<byte[], byte[]> deadLetter(Outbox.Letter letter) {
        ProducerRecord<byte[], byte[]> record =
                new ProducerRecord<>(place.deadLetterTopic(), letter.key(), letter.value());
        Headers headers = record.headers();
        letter.headers().forEach(header -> headers.add(header.key(), header.value()));
        add(headers, REASON, letter.reason());
        add(headers, TOPIC, letter.topic());
        add(headers, PARTITION, Integer.toString(letter.partition()));
        add(headers, OFFSET, Long.toString(letter.offset()));
        add(headers, STEP, Long.toString(letter.step()));
        if (!letter.cut().isEmpty()) {
            add(headers, CUT, letter.cut());
        }
        return record;
    }

    private static void add(Headers headers, String name, String value) {
        headers.remove(name).add(name, bytes(value));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private void abandon() {
        KafkaProducer<byte[], byte[]> open = producer;
        producer = null;
        if (open != null) {
            open.close(Duration.ZERO);
        }
    }

    @Override
    public void close() {
        KafkaProducer<byte[], byte[]> open = producer;
        producer = null;
        if (open != null) {
            open.close(PATIENCE);
        }
    }
}
