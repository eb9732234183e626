package dev.millrace.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.testing.AppProcess;
import dev.millrace.testing.EmbeddedKafka;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A run that is stopped, or killed, and started again ends with the same bits as one that was left alone.
class TrainerResumeIT {
    private static final Duration LIMIT = Duration.ofMinutes(3);
    private static final int DOCUMENTS = 600;

    @TempDir
    Path directory;

    @Test
    void aRunThatIsInterruptedEndsWithTheSameBitsAsOneThatIsNot() throws Exception {
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

            for (Path resumed : List.of(stopped, killed)) {
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

    private Path run(EmbeddedKafka kafka, String name) throws Exception {
        try (AppProcess trainer = trainer(kafka, name)) {
            assertThat(trainer.awaitExit(LIMIT)).as(trainer.log()).isZero();
        }
        List<Path> checkpoints = checkpoints(name);
        return checkpoints.getLast();
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
        return new SmallTrainer(directory, kafka.bootstrapServers())
                .start(
                        name,
                        Map.of(
                                "millrace.train.epochs", "1",
                                "millrace.train.learning-rate.peak", "1e-3",
                                "millrace.checkpoint.every-steps", "100",
                                "millrace.checkpoint.keep", "5"));
    }
}
