package dev.millrace.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.testing.AppProcess;
import dev.millrace.testing.EmbeddedKafka;
import dev.millrace.trainer.checkpoint.CheckpointManifest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The packaged trainer with every part of the recipe that is off by default.
class TrainerRecipeIT {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final Path SHIPPED = Path.of("src/main/resources/quickstart");

    @TempDir
    Path directory;

    @Test
    void everyPartOfTheRecipeIsSetByItsNameAndBoundToTheRun() throws Exception {
        try (EmbeddedKafka kafka = EmbeddedKafka.start(1, directory)) {
            // Given
            SmallCorpus.produce(kafka, 60);
            SmallTrainer trainers = new SmallTrainer(directory, kafka.bootstrapServers());
            Map<String, String> recipe = recipe();

            // When
            try (AppProcess trainer = trainers.start("recipe", recipe)) {
                Awaitility.await()
                        .atMost(LIMIT)
                        .until(() -> trainer.log().contains("finished: ") || !trainer.isAlive());

                // Then
                assertThat(trainer.log()).contains("finished: max-steps reached");
                JsonNode evaluation = json(trainer, "/v1/evaluation");
                assertThat(evaluation.path("step").asLong()).isEqualTo(6);
                assertThat(evaluation.at("/result/bitsPerByte").asDouble()).isBetween(0.5, 12.0);
                assertThat(trainer.get("/q/metrics").body())
                        .contains("millrace_evaluation_step 6.0", "millrace_steps_skipped_total{reason=\"spike\"} 0.0");
                for (int step = 1; step <= 6; step++) {
                    assertThat(json(trainer, "/v1/lineage?step=" + step).at("/0/composition/order"))
                            .hasSize(step < 3 ? 4 : 8);
                }
                assertThat(trainer.terminate(LIMIT)).as(trainer.log()).isZero();
            }
            assertThat(fingerprint("recipe"))
                    .containsEntry("millrace.batch.document-mask", "true")
                    .containsEntry("millrace.batch.ramp", "3:2")
                    .containsEntry("millrace.train.spike.sigma", "50.0")
                    .containsEntry("millrace.train.spike.window", "8")
                    .hasEntrySatisfying(
                            "millrace.tokenizer.fill-in-the-middle.rate",
                            value -> assertThat(value)
                                    .isEqualTo(
                                            "0.5 with millrace.train.seed 0 and [<｜fim▁begin｜>, <｜fim▁hole｜>, <fim-end>]"));

            // When the run is to go on with other tokens
            recipe.put("millrace.tokenizer.fill-in-the-middle.rate", "0.6");
            try (AppProcess trainer = trainers.start("recipe", "refused.log", recipe)) {
                assertThat(trainer.awaitExit(LIMIT)).as(trainer.log()).isEqualTo(1);
                assertThat(trainer.log()).contains("millrace.tokenizer.fill-in-the-middle.rate=was 0.5 with");
            }

            // When the tokenizer has no such tokens
            Map<String, String> without = Map.of("millrace.tokenizer.fill-in-the-middle.rate", "0.1");
            try (AppProcess trainer = trainers.start("without", without)) {
                assertThat(trainer.awaitExit(LIMIT)).as(trainer.log()).isEqualTo(1);
                assertThat(trainer.log())
                        .contains(
                                "training stopped: millrace.tokenizer.fill-in-the-middle.begin = <｜fim▁begin｜> is not");
            }
        }
    }

    private Map<String, String> recipe() throws IOException {
        Path heldOut = Files.writeString(directory.resolve("held-out.jsonl"), "{\"text\":\"1a2b 3c4d 5e6f\"}\n");
        Path model = Files.writeString(
                directory.resolve("larger.json"),
                Files.readString(SHIPPED.resolve("config.json"))
                        .replace("\"vocab_size\": 259", "\"vocab_size\": 262")
                        .replace("\"hidden_size\": 128", "\"hidden_size\": 32"));
        Map<String, String> recipe = new HashMap<>();
        recipe.put("millrace.train.model", model.toString());
        recipe.put("millrace.tokenizer.directory", tokenizer().toString());
        recipe.put("millrace.tokenizer.fill-in-the-middle.rate", "0.5");
        recipe.put("millrace.tokenizer.fill-in-the-middle.end", "<fim-end>");
        recipe.put("millrace.batch.document-mask", "true");
        recipe.put("millrace.batch.ramp", "3:2");
        recipe.put("millrace.train.spike.sigma", "50");
        recipe.put("millrace.train.spike.window", "8");
        recipe.put("millrace.evaluation.files", heldOut.toString());
        recipe.put("millrace.train.max-steps", "6");
        recipe.put("millrace.train.exit-when-done", "false");
        return recipe;
    }

    private Path tokenizer() throws IOException {
        Path target = Files.createDirectory(directory.resolve("tokenizer"));
        StringBuilder added = new StringBuilder();
        int id = 259;
        for (String token : List.of("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<fim-end>")) {
            added.append("{\"id\": %d, \"content\": \"%s\", \"special\": true, \"single_word\": false, "
                    .formatted(id++, token));
            added.append("\"lstrip\": false, \"rstrip\": false, \"normalized\": false},");
        }
        Files.writeString(
                target.resolve("tokenizer.json"),
                Files.readString(SHIPPED.resolve("tokenizer/tokenizer.json"))
                        .replace("\"added_tokens\": [", "\"added_tokens\": [" + added));
        Files.copy(SHIPPED.resolve("tokenizer/tokenizer_config.json"), target.resolve("tokenizer_config.json"));
        return target;
    }

    private Map<String, String> fingerprint(String run) throws IOException {
        Path manifest = directory.resolve(run).resolve("step-000000000006").resolve("manifest.json");
        return new ObjectMapper()
                .readValue(manifest.toFile(), CheckpointManifest.class)
                .fingerprint();
    }

    private static JsonNode json(AppProcess trainer, String path) throws Exception {
        return new ObjectMapper().readTree(trainer.get(path).body());
    }
}
