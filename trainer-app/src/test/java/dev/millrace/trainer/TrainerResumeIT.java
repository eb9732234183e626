package dev.millrace.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.testing.AppProcess;
import dev.millrace.testing.EmbeddedKafka;
import dev.millrace.testing.KafkaMain;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A run that is stopped, or killed, and started again ends with the same bits as one that was left alone; so
/// does one whose partitions were taken away for a while.
class TrainerResumeIT {
    private static final Duration LIMIT = Duration.ofMinutes(3);
    private static final int DOCUMENTS = 600;

    @TempDir
    Path directory;

    @Test
    void aRunThatIsInterruptedOrLosesPartitionsEndsWithTheSameBitsAsOneThatIsLeftAlone() throws Exception {
        try (EmbeddedKafka kafka = EmbeddedKafka.start(1, directory)) {
            SmallCorpus.produce(kafka, DOCUMENTS);

            Path undisturbed = run(kafka, "undisturbed");
            try (AppProcess trainer = trainer(kafka, "stopped")) {
                awaitCheckpoint("stopped");
                assertThat(trainer.terminate(LIMIT)).as(trainer.log()).isZero();
                assertThat(trainer.log()).contains("stopped on request");
            }
            Path stopped = run(kafka, "stopped");
            try (AppProcess trainer = trainer(kafka, "killed")) {
                awaitCheckpoint("killed");
                trainer.kill();
            }
            Path killed = run(kafka, "killed");

            // It is given the log slowly, so that it still needs of a partition what it has not when that is taken
            // away.
            Map<String, String> slowly = Map.of(
                    "mp.messaging.incoming.documents.fetch.min.bytes", "1000000",
                    "mp.messaging.incoming.documents.fetch.max.wait.ms", "400");
            try (AppProcess trainer = trainer(kafka, "disturbed", slowly)) {
                awaitCheckpoint("disturbed");
                // As often as it can be done while the run lasts, at most twice.
                for (int times = 1; times <= 2 && trainer.isAlive(); times++) {
                    takePartitionAway(kafka, "group-disturbed");
                    int returns = 1 + times;
                    await().atMost(LIMIT).until(() -> assignments(trainer) >= returns || !trainer.isAlive());
                }
                assertThat(trainer.awaitExit(LIMIT)).as(trainer.log()).isZero();
                assertThat(trainer.log()).contains("revoked [deep");
                assertThat(assignments(trainer)).as(trainer.log()).isGreaterThanOrEqualTo(2);
            }
            Path disturbed = checkpoints("disturbed").getLast();

            Path full = runThroughAFullDisk(kafka, "full");

            Path replayed = replay(kafka, checkpoints("undisturbed").getFirst());

            for (Path resumed : List.of(stopped, killed, disturbed, full, replayed)) {
                assertThat(resumed.getFileName()).isEqualTo(undisturbed.getFileName());
                assertThat(resumed.resolve("model.safetensors"))
                        .hasSameBinaryContentAs(undisturbed.resolve("model.safetensors"));
                assertThat(resumed.resolve("optimizer.safetensors"))
                        .hasSameBinaryContentAs(undisturbed.resolve("optimizer.safetensors"));
                assertThat(manifest(resumed)).isEqualTo(manifest(undisturbed));
            }
            assertThat(manifest(killed).at("/cursor/counts/records").asLong()).isEqualTo(DOCUMENTS);
        }
    }

    private Path runThroughAFullDisk(EmbeddedKafka kafka, String name) throws Exception {
        try (AppProcess trainer = trainer(kafka, name)) {
            awaitCheckpoint(name);
            trainer.kill();
        }
        Path last = checkpoints(name).getLast();
        // There is room for the weights, and none for the optimizer's state.
        try (AppProcess trainer = new SmallTrainer(directory, kafka.bootstrapServers())
                .startWithSmallFiles(250, name, settings(Map.of()))) {
            assertThat(trainer.awaitExit(LIMIT)).as(trainer.log()).isEqualTo(1);
            assertThat(trainer.log())
                    .contains("training stopped: the checkpoint of step ", "optimizer.safetensors cannot be written: ");
        }
        assertThat(checkpoints(name).getLast()).isEqualTo(last);
        return run(kafka, name);
    }

    private Path replay(EmbeddedKafka kafka, Path from) throws Exception {
        try (AppProcess live = trainer(kafka, "live")) {
            live.awaitOk("/q/health/ready", LIMIT);
            try (AppProcess trainer = trainer(
                    kafka,
                    "intruder",
                    Map.of(
                            "millrace.checkpoint.replay-from",
                            from.toString(),
                            "mp.messaging.incoming.documents.group.id",
                            "group-live"))) {
                assertThat(trainer.awaitExit(LIMIT)).as(trainer.log()).isEqualTo(1);
                assertThat(trainer.log())
                        .contains(
                                "training stopped: mp.messaging.incoming.documents.group.id = group-live has members");
            }
            live.kill();
        }
        try (AppProcess trainer =
                trainer(kafka, "replayed", Map.of("millrace.checkpoint.replay-from", from.toString()))) {
            assertThat(trainer.awaitExit(LIMIT)).as(trainer.log()).isZero();
            assertThat(trainer.log()).doesNotContain("step 0;");
        }
        return checkpoints("replayed").getLast();
    }

    private static long assignments(AppProcess trainer) throws IOException {
        return trainer.log()
                .lines()
                .filter(line -> line.contains("] (") && line.contains("assigned [deep"))
                .count();
    }

    private Path run(EmbeddedKafka kafka, String name) throws Exception {
        try (AppProcess trainer = trainer(kafka, name)) {
            assertThat(trainer.awaitExit(LIMIT)).as(trainer.log()).isZero();
        }
        List<Path> checkpoints = checkpoints(name);
        return checkpoints.getLast();
    }

    /// Joins the group, commits offsets that are none of the run's, and leaves again.
    private static void takePartitionAway(EmbeddedKafka kafka, String group) {
        try (Consumer<byte[], byte[]> other = new KafkaConsumer<>(
                Map.of(
                        "bootstrap.servers",
                        kafka.bootstrapServers(),
                        "group.id",
                        group,
                        "enable.auto.commit",
                        "false",
                        "auto.offset.reset",
                        "latest",
                        "partition.assignment.strategy",
                        CooperativeStickyAssignor.class.getName()),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer())) {
            other.subscribe(List.of(KafkaMain.DOCUMENTS));
            await().atMost(LIMIT).until(() -> {
                other.poll(Duration.ofMillis(100));
                return !other.assignment().isEmpty();
            });
            other.assignment().forEach(partition -> other.commitSync(Map.of(partition, new OffsetAndMetadata(1))));
        }
    }

    private void awaitCheckpoint(String name) {
        await().atMost(LIMIT).until(() -> checkpoints(name).size() >= 2);
    }

    private List<Path> checkpoints(String name) {
        Path root = directory.resolve(name);
        if (!Files.isDirectory(root)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(root)) {
            return entries.filter(path -> path.getFileName().toString().startsWith("step-"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static JsonNode manifest(Path checkpoint) throws IOException {
        return new ObjectMapper().readTree(checkpoint.resolve("manifest.json").toFile());
    }

    private AppProcess trainer(EmbeddedKafka kafka, String name) throws IOException {
        return trainer(kafka, name, Map.of());
    }

    private AppProcess trainer(EmbeddedKafka kafka, String name, Map<String, String> more) throws IOException {
        return new SmallTrainer(directory, kafka.bootstrapServers()).start(name, settings(more));
    }

    private static Map<String, String> settings(Map<String, String> more) {
        Map<String, String> settings = new TreeMap<>(Map.of(
                "millrace.train.epochs", "1",
                "millrace.train.learning-rate.peak", "1e-3",
                "millrace.checkpoint.every-steps", "100",
                "millrace.checkpoint.keep", "5",
                // Small buffers: what is taken away is not already here.
                "millrace.intake.high-watermark", "4K",
                "millrace.intake.low-watermark", "2K",
                "mp.messaging.incoming.documents.max.poll.records", "5",
                "mp.messaging.incoming.documents.max.partition.fetch.bytes", "4096",
                "mp.messaging.incoming.documents.heartbeat.interval.ms", "200"));
        settings.putAll(more);
        return settings;
    }
}
