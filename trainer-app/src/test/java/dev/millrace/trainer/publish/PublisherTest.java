package dev.millrace.trainer.publish;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.testing.EmbeddedKafka;
import dev.millrace.testing.KafkaMain;
import dev.millrace.trainer.batch.Composition;
import dev.millrace.trainer.batch.DeadLetter;
import dev.millrace.trainer.ledger.LedgerEntry;
import dev.millrace.trainer.pack.Position;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PublisherTest {
    @TempDir
    private static Path directory;

    private static EmbeddedKafka kafka;

    private final List<String> complaints = new ArrayList<>();

    @BeforeAll
    static void startABroker() throws Exception {
        kafka = EmbeddedKafka.start(1, directory);
        kafka.createTopic(KafkaMain.DOCUMENTS, 1);
    }

    @AfterAll
    static void stopTheBroker() {
        kafka.close();
    }

    @Test
    void publishesWhatACheckpointCoversOnceWhateverWasRestored() throws Exception {
        // Given: a checkpoint of step 2 with a letter, published
        Publisher.Place place = place("once");
        Path checkpoint = Files.createDirectory(directory.resolve("checkpoint"));
        Outbox outbox = new Outbox();
        outbox.add(2, List.of(letter(7)));
        outbox.write(checkpoint, 2);
        try (Publisher publisher = publisher(place, "run-a")) {
            publisher.publish(2, outbox, PublisherTest::entries, Map.of(0, 8L));
        }
        assertThat(outbox.letters(Long.MAX_VALUE)).isEmpty();

        // When: the process died before it knew, the checkpoint is restored, and a step follows
        Outbox restored = Outbox.read(checkpoint);
        assertThat(restored.letters(Long.MAX_VALUE)).hasSize(1);
        try (Publisher publisher = publisher(place, "run-a")) {
            publisher.publish(2, restored, PublisherTest::entries, Map.of(0, 8L));
            restored.add(3, List.of(letter(9)));
            publisher.publish(3, restored, PublisherTest::entries, Map.of(0, 10L));
        }

        // Then
        List<ConsumerRecord<byte[], byte[]>> letters = read(place.deadLetterTopic());
        assertThat(letters.stream().map(each -> header(each, Publisher.OFFSET))).containsExactly("7", "9");
        assertThat(header(letters.getFirst(), Publisher.REASON)).isEqualTo("no text");
        assertThat(header(letters.getFirst(), "kept")).isEqualTo("as it was");
        assertThat(new String(letters.getFirst().value(), StandardCharsets.UTF_8))
                .isEqualTo("{}");
        assertThat(read(place.ledgerTopic()).stream().map(each -> new String(each.key(), StandardCharsets.UTF_8)))
                .containsExactly("run-a/1", "run-a/2", "run-a/3");
        assertThat(committed(place)).isEqualTo(new OffsetAndMetadata(10, "run-a@3"));
        assertThat(complaints).isEmpty();
    }

    @Test
    void anotherRunOfTheGroupPublishesFromItsOwnBeginning() throws Exception {
        Publisher.Place place = place("another");
        try (Publisher publisher = publisher(place, "run-a")) {
            publisher.publish(50, new Outbox(), (_, _) -> List.of(), Map.of(0, 10L));
        }
        Outbox outbox = new Outbox();
        outbox.add(1, List.of(letter(3)));
        try (Publisher publisher = publisher(place, "run-b")) {
            publisher.publish(1, outbox, PublisherTest::entries, Map.of(0, 4L));
        }

        assertThat(read(place.deadLetterTopic())).hasSize(1);
        assertThat(committed(place)).isEqualTo(new OffsetAndMetadata(4, "run-b@1"));
    }

    @Test
    void theTrainerThatWasThereBeforeIsFenced() throws Exception {
        Publisher.Place place = place("fenced");
        try (Publisher old = publisher(place, "run-a");
                Publisher young = publisher(place, "run-a")) {
            old.publish(1, new Outbox(), PublisherTest::entries, Map.of(0, 1L));
            young.publish(2, new Outbox(), PublisherTest::entries, Map.of(0, 2L));

            Outbox outbox = new Outbox();
            outbox.add(3, List.of(letter(2)));
            assertThatThrownBy(() -> old.publish(3, outbox, PublisherTest::entries, Map.of(0, 3L)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("another trainer publishes for group " + place.group());
        }
        assertThat(read(place.deadLetterTopic())).isEmpty();
        assertThat(committed(place)).isEqualTo(new OffsetAndMetadata(2, "run-a@2"));
    }

    @Test
    void aGroupThatHasForgottenItsOffsetsPublishesNothingTwice() throws Exception {
        Publisher.Place place = place("forgetful");
        Outbox outbox = new Outbox();
        outbox.add(2, List.of(letter(7)));
        Path checkpoint = Files.createDirectory(directory.resolve("forgetful"));
        outbox.write(checkpoint, 2);
        try (Publisher publisher = publisher(place, "run-a")) {
            publisher.publish(2, outbox, PublisherTest::entries, Map.of(0, 8L));
        }

        // When
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.bootstrapServers()))) {
            admin.deleteConsumerGroups(List.of(place.group())).all().get();
        }
        try (Publisher publisher = publisher(place, "run-a")) {
            publisher.publish(2, Outbox.read(checkpoint), PublisherTest::entries, Map.of(0, 8L));
            publisher.publish(3, new Outbox(), PublisherTest::entries, Map.of(0, 9L));
        }

        // Then
        assertThat(read(place.deadLetterTopic())).hasSize(1);
        assertThat(read(place.ledgerTopic())).hasSize(3);
    }

    @Test
    void aDirectoryThatIsAnOlderCopyOfItsRunIsRefused() throws Exception {
        Publisher.Place place = place("older");
        try (Publisher publisher = publisher(place, "run-a")) {
            publisher.publish(9, new Outbox(), PublisherTest::entries, Map.of(0, 8L));
        }

        try (Publisher publisher = publisher(place, "run-a", 5)) {
            assertThatThrownBy(() -> publisher.publish(5, new Outbox(), PublisherTest::entries, Map.of(0, 4L)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("has published up to step 9")
                    .hasMessageContaining("ended with step 5");
        }
    }

    @Test
    void aRecordThatNoTopicWouldTakeBecomesALetterThatSaysWhatIsMissing() throws Exception {
        Publisher.Place place = place("huge");
        byte[] huge = new byte[20 << 20];
        new Random(1).nextBytes(huge);
        ConsumerRecord<byte[], byte[]> record =
                new ConsumerRecord<>(KafkaMain.DOCUMENTS, 0, 4, new byte[100_000], huge);
        record.headers()
                .add("kept", "as it was".getBytes(StandardCharsets.UTF_8))
                .add("long", new byte[100_000]);
        Outbox outbox = new Outbox();
        outbox.add(1, List.of(new DeadLetter(record, "too large")));

        try (Publisher publisher = publisher(place, "run-a")) {
            assertThat(publisher.publish(1, outbox, PublisherTest::entries, Map.of(0, 5L)))
                    .as(complaints.toString())
                    .isTrue();
        }

        ConsumerRecord<byte[], byte[]> letter = read(place.deadLetterTopic()).getFirst();
        assertThat(letter.value()).isEqualTo(Arrays.copyOf(huge, letter.value().length));
        assertThat(letter.key()).isNull();
        assertThat(header(letter, "kept")).isEqualTo("as it was");
        assertThat(letter.headers().lastHeader("long")).isNull();
        assertThat(header(letter, Publisher.CUT))
                .contains("headers beyond", "the key of 100000 bytes", "the value, of 20971520 bytes");
        assertThat(header(letter, Publisher.OFFSET)).isEqualTo("4");
    }

    private Publisher publisher(Publisher.Place place, String run) throws IOException {
        return publisher(place, run, 100);
    }

    private Publisher publisher(Publisher.Place place, String run, long recorded) throws IOException {
        Path marks = Files.createDirectories(directory.resolve(place.group()).resolve(run));
        Files.writeString(marks.resolve("run.id"), run);
        return new Publisher(
                Map.of("bootstrap.servers", kafka.bootstrapServers()),
                place,
                PublishedMark.of(marks),
                recorded,
                complaints::add);
    }

    private static Publisher.Place place(String name) {
        Publisher.Place place =
                new Publisher.Place(KafkaMain.DOCUMENTS, "group-" + name, name + "-letters", name + "-ledger");
        kafka.createTopic(place.deadLetterTopic(), 1);
        kafka.createTopic(place.ledgerTopic(), 1);
        return place;
    }

    private static List<LedgerEntry> entries(long after, long upTo) {
        Composition composition = new Composition(
                List.of(new Composition.Stretch(0, 1, new Position(0, 0, 0), new Position(0, 1, 0))),
                List.of(0),
                List.of(),
                0,
                new TreeMap<>(),
                List.of(),
                List.of());
        return LongStream.rangeClosed(after + 1, upTo)
                .mapToObj(step -> new LedgerEntry(step, composition, null))
                .toList();
    }

    private static DeadLetter letter(long offset) {
        ConsumerRecord<byte[], byte[]> record = new ConsumerRecord<>(
                KafkaMain.DOCUMENTS, 0, offset, new byte[] {1}, "{}".getBytes(StandardCharsets.UTF_8));
        record.headers().add("kept", "as it was".getBytes(StandardCharsets.UTF_8));
        return new DeadLetter(record, "no text");
    }

    private static String header(ConsumerRecord<byte[], byte[]> letter, String name) {
        return new String(
                Objects.requireNonNull(letter.headers().lastHeader(name)).value(), StandardCharsets.UTF_8);
    }

    private static OffsetAndMetadata committed(Publisher.Place place) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.bootstrapServers()))) {
            return Objects.requireNonNull(admin.listConsumerGroupOffsets(place.group())
                    .partitionsToOffsetAndMetadata()
                    .get()
                    .get(new TopicPartition(place.topic(), 0)));
        }
    }

    /// Everything that is committed on the topic.
    private static List<ConsumerRecord<byte[], byte[]>> read(String topic) throws Exception {
        List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
        TopicPartition partition = new TopicPartition(topic, 0);
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.bootstrapServers()));
                KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(
                        Map.of("bootstrap.servers", kafka.bootstrapServers(), "isolation.level", "read_committed"),
                        new ByteArrayDeserializer(),
                        new ByteArrayDeserializer())) {
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            // Not the end of what is committed: the broker marks that after a commit has returned.
            long end = admin.listOffsets(Map.of(partition, OffsetSpec.latest()))
                    .partitionResult(partition)
                    .get()
                    .offset();
            while (consumer.position(partition) < end) {
                consumer.poll(Duration.ofMillis(100)).forEach(records::add);
            }
        }
        return records;
    }
}
