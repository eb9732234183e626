package dev.millrace.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.testing.AppProcess;
import dev.millrace.testing.EmbeddedKafka;
import dev.millrace.testing.KafkaMain;
import io.smallrye.reactive.messaging.kafka.companion.KafkaCompanion;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.apache.kafka.clients.producer.ProducerRecord;
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
            kafka.createTopic(KafkaMain.DOCUMENTS, 2);
            kafka.createTopic(KafkaMain.DEAD_LETTERS, 1);
            produceDocuments(kafka);

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

    private static void produceDocuments(EmbeddedKafka kafka) {
        Random random = new Random(20261123);
        List<ProducerRecord<String, String>> records = new ArrayList<>();
        for (int i = 0; i < DOCUMENTS; i++) {
            StringBuilder text = new StringBuilder();
            for (int words = 10 + random.nextInt(40); words > 0; words--) {
                text.append(Integer.toString(random.nextInt(1 << 16), 36)).append(' ');
            }
            records.add(new ProducerRecord<>(KafkaMain.DOCUMENTS, i % 2, "d" + i, "{\"text\":\"" + text + "\"}"));
        }
        try (KafkaCompanion companion = new KafkaCompanion(kafka.bootstrapServers())) {
            companion.produceStrings().fromRecords(records).awaitCompletion(Duration.ofSeconds(60));
        }
    }

    private AppProcess trainer(EmbeddedKafka kafka, String name) throws Exception {
        Path model = directory.resolve("config.json");
        Files.writeString(
                model,
                Files.readString(Path.of("src/main/resources/quickstart/config.json"))
                        .replace("\"hidden_size\": 128", "\"hidden_size\": 32")
                        .replace("\"intermediate_size\": 344", "\"intermediate_size\": 64"));
        Map<String, String> properties = new HashMap<>();
        properties.put("kafka.bootstrap.servers", kafka.bootstrapServers());
        properties.put("mp.messaging.incoming.documents.group.id", "group-" + name);
        // A killed member's seat is free when its session ends.
        properties.put("mp.messaging.incoming.documents.session.timeout.ms", "6000");
        properties.put("millrace.train.model", model.toString());
        properties.put("millrace.train.epochs", "1");
        properties.put("millrace.train.learning-rate.peak", "1e-3");
        properties.put("millrace.tokenizer.directory", "src/main/resources/quickstart/tokenizer");
        properties.put("millrace.checkpoint.directory", directory.resolve(name).toString());
        properties.put("millrace.checkpoint.every-steps", "100");
        properties.put("millrace.checkpoint.keep", "5");
        properties.put("millrace.batch.sequence-length", "32");
        properties.put("millrace.batch.micro-batch", "4");
        properties.put("millrace.engine.threads", "1");
        return AppProcess.start(Path.of("."), properties, Map.of(), directory.resolve(name + ".log"));
    }
}
