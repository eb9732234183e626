package dev.millrace.producer.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.producer.document.DocumentLimits;
import dev.millrace.producer.document.QualityConfig;
import dev.millrace.producer.document.Rejections;
import dev.millrace.producer.publish.BrokerCheck;
import dev.millrace.producer.publish.Transactions;
import dev.millrace.producer.store.ConfiguredStore;
import dev.millrace.testing.KafkaMain;
import dev.millrace.testing.KafkaTestResource;
import dev.millrace.testing.TopicLog;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Two replicas, on a real broker.
@QuarkusTest
@QuarkusTestResource(KafkaTestResource.class)
class IngestionJobsTest {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @TempDir
    Path directory;

    @TestHTTPResource
    URI http;

    @Inject
    DocumentLimits limits;

    @Inject
    QualityConfig quality;

    @Inject
    ConfiguredStore store;

    @Inject
    Transactions transactions;

    @Inject
    BrokerCheck broker;

    @Inject
    Rejections rejections;

    private IngestionJobs one;
    private IngestionJobs two;

    @BeforeEach
    void start() {
        one = replica();
        two = replica();
    }

    @AfterEach
    void stop() throws InterruptedException {
        one.stop(new ShutdownEvent());
        two.stop(new ShutdownEvent());
    }

    @Test
    void whatWaitsOnOneReplicaAndIsCancelledByAnotherIsNotRunBeforeItIsOrderedAgain() throws Exception {
        // Given
        Path path = lines("waits", 10);
        Path other = lines("ordered-again", 10);
        String endless = order(one, endless("before"));
        String waiting = order(one, path);
        String again = order(one, other);

        // When
        IngestionJobs.Cancellation elsewhere = two.cancel(waiting);
        IngestionJobs.Cancellation here = one.cancel(again);
        order(one, other);
        IngestionJobs.Cancellation running = two.cancel(endless);

        // Then
        assertThat(List.of(phase(elsewhere), phase(here), phase(running))).containsOnly(IngestionState.Phase.CANCELLED);
        awaitPhase(one, again, IngestionState.Phase.DONE);
        awaitPhase(one, waiting, IngestionState.Phase.CANCELLED);
        awaitPhase(one, endless, IngestionState.Phase.CANCELLED);
        assertThat(keys("ordered-again-")).hasSize(10).doesNotHaveDuplicates();
        assertThat(keys("waits-")).isEmpty();
        order(two, path);
        awaitPhase(one, waiting, IngestionState.Phase.DONE);
        assertThat(keys("waits-")).hasSize(10).doesNotHaveDuplicates();
    }

    @Test
    void aCancellationWhileTheBrokerIsAwayIsNotAcknowledged() throws Exception {
        // Given
        String id = order(one, endless("away"));
        KafkaTestResource.kafka().stopNode(1);

        // When
        IngestionJobs.Cancellation here = one.cancel(id);
        HttpResponse<String> elsewhere = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(http.resolve("v1/ingestions/" + id))
                                .DELETE()
                                .build(),
                        HttpResponse.BodyHandlers.ofString());

        // Then
        KafkaTestResource.kafka().startNode(1);
        assertThat(here).isInstanceOf(IngestionJobs.Cancellation.Unavailable.class);
        assertThat(elsewhere.statusCode()).as(elsewhere.body()).isEqualTo(503);
        assertThat(elsewhere.headers().firstValue("retry-after")).isPresent();
        await().atMost(LIMIT).until(() -> one.cancel(id) instanceof IngestionJobs.Cancellation.Written);
    }

    @Test
    void anErrorIsWrittenDownAndTheServerGoesOn() throws Exception {
        // Given
        AtomicBoolean dies = new AtomicBoolean();
        IngestionJobs mortal = replica(new Ingestions(limits, quality, config(), transactions, store, rejections) {
            @Override
            IngestionLog.Opener opener(String id) {
                IngestionLog.Opener real = super.opener(id);
                return new IngestionLog.Opener() {
                    @Override
                    public IngestionLog open() {
                        return real.open();
                    }

                    @Override
                    public Optional<IngestionState> look() {
                        if (dies.compareAndSet(true, false)) {
                            throw new OutOfMemoryError("no heap is left");
                        }
                        return real.look();
                    }
                };
            }
        });
        dies.set(true);
        List<Throwable> uncaught = new CopyOnWriteArrayList<>();
        Thread.UncaughtExceptionHandler handler = Thread.getDefaultUncaughtExceptionHandler();
        Thread.setDefaultUncaughtExceptionHandler((_, error) -> uncaught.add(error));

        // When
        String id = order(mortal, lines("dies", 10));

        // Then
        awaitPhase(two, id, IngestionState.Phase.FAILED);
        await().dontCatchUncaughtExceptions().atMost(LIMIT).until(() -> !uncaught.isEmpty());
        Thread.setDefaultUncaughtExceptionHandler(handler);
        assertThat(uncaught).singleElement().isInstanceOf(OutOfMemoryError.class);
        assertThat(two.state(id).orElseThrow().detail()).contains("OutOfMemoryError: no heap is left");
        awaitPhase(two, order(mortal, lines("lives", 10)), IngestionState.Phase.DONE);
        mortal.stop(new ShutdownEvent());
    }

    private static IngestionState.Phase phase(IngestionJobs.Cancellation cancelled) {
        assertThat(cancelled).isInstanceOf(IngestionJobs.Cancellation.Written.class);
        return ((IngestionJobs.Cancellation.Written) cancelled).state().phase();
    }

    private static String order(IngestionJobs replica, Path path) {
        IngestionJobs.Order order = replica.order(path);
        assertThat(order).isInstanceOf(IngestionJobs.Order.Taken.class);
        return ((IngestionJobs.Order.Taken) order).id();
    }

    private static void awaitPhase(IngestionJobs replica, String id, IngestionState.Phase phase) {
        await().dontCatchUncaughtExceptions()
                .atMost(LIMIT)
                .until(() -> replica.state(id)
                        .filter(state -> state.phase() == phase)
                        .isPresent());
    }

    /// One that is read for hours: a line without end, of which nothing lies on the disk.
    private Path endless(String name) throws IOException {
        Path file = directory.resolve(name + "-endless.jsonl");
        try (RandomAccessFile sparse = new RandomAccessFile(file.toFile(), "rw")) {
            sparse.setLength(1L << 42);
        }
        return file;
    }

    private Path lines(String id, int count) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < count; i++) {
            lines.append("{\"text\":\"text\",\"id\":\"" + id + "-" + i + "\"}\n");
        }
        return Files.writeString(directory.resolve(id + ".jsonl"), lines);
    }

    private List<String> keys(String prefix) {
        return TopicLog.keys(KafkaTestResource.kafka().bootstrapServers(), KafkaMain.DOCUMENTS).stream()
                .filter(key -> key.startsWith(prefix))
                .toList();
    }

    private IngestionJobs replica() {
        return replica(new Ingestions(limits, quality, config(), transactions, store, rejections));
    }

    private IngestionJobs replica(Ingestions ingestions) {
        IngestionJobs jobs = new IngestionJobs(config(), ingestions, transactions, broker, new SimpleMeterRegistry());
        jobs.start();
        return jobs;
    }

    private IngestConfig config() {
        return new OneAtATime(Optional.of(List.of(directory)));
    }

    private record OneAtATime(Optional<List<Path>> roots) implements IngestConfig {
        @Override
        public String cursorTopic() {
            return KafkaMain.INGESTIONS;
        }

        @Override
        public Duration commitInterval() {
            return Duration.ofMillis(50);
        }

        @Override
        public Duration patience() {
            return Duration.ofMinutes(2);
        }

        @Override
        public int concurrent() {
            return 1;
        }

        @Override
        public int waiting() {
            return 10;
        }

        @Override
        public Duration takeoverAfter() {
            return Duration.ofMinutes(1);
        }

        @Override
        public Duration stopTimeout() {
            return Duration.ofSeconds(20);
        }

        @Override
        public String textColumn() {
            return "text";
        }

        @Override
        public Optional<String> idColumn() {
            return Optional.empty();
        }

        @Override
        public boolean media() {
            return true;
        }

        @Override
        public Duration progressInterval() {
            return Duration.ofSeconds(2);
        }
    }
}
