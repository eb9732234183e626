package dev.millrace.producer.publish;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.millrace.testing.EmbeddedKafka;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// With Kafka's own producer, which is brought to the state that it never leaves by an error that it takes for fatal,
/// wherever it comes from: here from the writing of a value.
class OutletTest {
    private static final String TOPIC = "outlet";
    private static final byte[] FATAL = "fatal".getBytes(StandardCharsets.UTF_8);

    @TempDir
    private static Path directory;

    private static EmbeddedKafka kafka;

    private final AtomicLong now = new AtomicLong();
    private final List<Producer<String, byte[]>> made = new ArrayList<>();
    private final Outlet outlet = new Outlet(this::make, now::get);

    @BeforeAll
    static void start() {
        kafka = EmbeddedKafka.start(1, directory);
        kafka.createTopic(TOPIC, 1);
    }

    @AfterAll
    static void stop() {
        kafka.close();
    }

    @AfterEach
    void close() {
        outlet.close();
    }

    @Test
    void aProducerThatCanSendNoMoreIsReplacedAfterAPause() throws Exception {
        // Given
        assertThat(send("first").get().offset()).isNotNegative();
        bringToItsEnd();

        // When
        assertThatExceptionOfType(KafkaException.class).isThrownBy(() -> send("meets the end"));

        // Then
        assertThat(outlet.paused())
                .hasValueSatisfying(reason -> assertThat(reason).contains("no such version"));
        assertThat(outlet.send(record("refused".getBytes(StandardCharsets.UTF_8)), (_, _) -> {}))
                .as("nothing is handed over in the pause")
                .isEqualTo(outlet.paused());
        assertThat(made).hasSize(1);
        pass(Outlet.SHORTEST);
        assertThat(outlet.paused()).isEmpty();
        assertThat(send("second").get().offset()).isNotNegative();
        assertThat(outlet.renewals()).isEqualTo(1);
        await().untilAsserted(() -> assertThatExceptionOfType(IllegalStateException.class)
                .as("the old one is closed")
                .isThrownBy(() -> made.getFirst().send(record(FATAL))));
    }

    @Test
    void thePauseDoublesUntilSomethingIsDelivered() throws Exception {
        Duration pause = Outlet.SHORTEST;
        for (int i = 0; i < 8; i++) {
            endOne();
            pass(pause.minusNanos(1));
            assertThat(outlet.paused()).as("after %s", pause).isPresent();
            pass(Duration.ofNanos(1));
            assertThat(outlet.paused()).as("after %s", pause).isEmpty();
            pause = pause.multipliedBy(2).compareTo(Outlet.LONGEST) < 0 ? pause.multipliedBy(2) : Outlet.LONGEST;
        }
        assertThat(pause).isEqualTo(Outlet.LONGEST);

        send("delivered").get();

        endOne();
        pass(Outlet.SHORTEST);
        assertThat(outlet.paused()).isEmpty();
    }

    /// The thread that tells of it is the one that the end waits for.
    @Test
    @Timeout(60)
    void whatIsOnItsWayArrivesWhenTheOutletIsClosed() throws Exception {
        CompletableFuture<RecordMetadata> sent = send("on its way");

        outlet.close();

        assertThat(sent.get().offset()).isNotNegative();
        assertThat(outlet.send(record(FATAL), (_, _) -> {})).hasValue("the producer of Kafka is closed");
    }

    private void endOne() throws Exception {
        bringToItsEnd();
        // The latter where the answer with its id came behind the fatal error.
        assertThatThrownBy(() -> send("meets the end"))
                .isInstanceOfAny(KafkaException.class, IllegalStateException.class);
    }

    private void bringToItsEnd() throws Exception {
        CompletableFuture<RecordMetadata> sent = new CompletableFuture<>();
        assertThat(outlet.send(record(FATAL), (_, error) -> sent.completeExceptionally(error)))
                .isEmpty();
        assertThatExceptionOfType(ExecutionException.class)
                .isThrownBy(() -> sent.get(30, TimeUnit.SECONDS))
                .withCauseInstanceOf(UnsupportedVersionException.class);
    }

    private CompletableFuture<RecordMetadata> send(String value) {
        CompletableFuture<RecordMetadata> sent = new CompletableFuture<>();
        assertThat(outlet.send(record(value.getBytes(StandardCharsets.UTF_8)), (metadata, error) -> {
                    if (error == null) {
                        sent.complete(metadata);
                    } else {
                        sent.completeExceptionally(error);
                    }
                }))
                .isEmpty();
        return sent;
    }

    private static ProducerRecord<String, byte[]> record(byte[] value) {
        return new ProducerRecord<>(TOPIC, value);
    }

    private void pass(Duration time) {
        now.addAndGet(time.toNanos());
    }

    private Producer<String, byte[]> make(int number) {
        Map<String, Object> settings = Map.of(
                "bootstrap.servers", kafka.bootstrapServers(), "client.id", "outlet-" + number, "linger.ms", 100);
        Producer<String, byte[]> producer =
                new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer() {
                    @Override
                    public byte[] serialize(String topic, byte[] value) {
                        if (Arrays.equals(value, FATAL)) {
                            throw new UnsupportedVersionException("no such version");
                        }
                        return super.serialize(topic, value);
                    }
                });
        made.add(producer);
        return producer;
    }
}
