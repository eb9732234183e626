package dev.millrace.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.testing.AppProcess;
import dev.millrace.testing.EmbeddedKafka;
import dev.millrace.trainer.weights.SafetensorsFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The packaged trainer, which makes a model and then learns adapters for it.
class TrainerAdapterIT {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final String EXPORT = "millrace.train.export.directory";
    private static final String ATTENTION = "model.layers.0.self_attn.o_proj.weight";
    private static final String UNTOUCHED = "model.layers.0.mlp.up_proj.weight";

    @TempDir
    Path directory;

    @Test
    void adaptersOfAModelAreLearnedGoOnAndAreMergedIntoWhatIsExported() throws Exception {
        try (EmbeddedKafka kafka = EmbeddedKafka.start(1, directory)) {
            // Given
            SmallCorpus.produce(kafka, 60);
            SmallTrainer trainers = new SmallTrainer(directory, kafka.bootstrapServers());
            run(trainers, "whole", "whole.log", Map.of("millrace.train.max-steps", "2", EXPORT, path("models")));
            Path base = directory.resolve("models/step-000000000002");

            // When a run goes to its end, and another in two pieces
            Map<String, String> adapters = new HashMap<>();
            adapters.put("millrace.train.model", base.toString());
            adapters.put("millrace.train.adapter.rank", "4");
            adapters.put("millrace.train.learning-rate.peak", "1e-2");
            adapters.put("millrace.train.max-steps", "2");
            run(trainers, "pieces", "first.log", adapters);
            adapters.put("millrace.train.max-steps", "6");
            run(trainers, "pieces", "second.log", adapters);
            adapters.put(EXPORT, path("adapted"));
            run(trainers, "straight", "straight.log", adapters);

            // Then
            Path last = directory.resolve("straight/step-000000000006");
            assertThat(last.toFile().list()).contains("adapter_config.json").doesNotContain("model.safetensors");
            assertThat(last.resolve("adapter_model.safetensors"))
                    .hasSameBinaryContentAs(
                            directory.resolve("pieces/step-000000000006").resolve("adapter_model.safetensors"));
            Path merged = directory.resolve("adapted/step-000000000006");
            assertThat(new ObjectMapper()
                            .readTree(merged.resolve("config.json").toFile())
                            .path("model_type")
                            .asText())
                    .isEqualTo("llama");
            assertThat(weights(merged, ATTENTION)).isNotEqualTo(weights(base, ATTENTION));
            assertThat(weights(merged, UNTOUCHED)).isEqualTo(weights(base, UNTOUCHED));

            // When the model is another
            Path file = base.resolve("model.safetensors");
            byte[] bytes = Files.readAllBytes(file);
            bytes[bytes.length - 1] ^= 1;
            Files.write(file, bytes);
            adapters.put("millrace.train.max-steps", "8");
            try (AppProcess trainer = trainers.start("pieces", "refused.log", adapters)) {
                assertThat(trainer.awaitExit(LIMIT)).as(trainer.log()).isEqualTo(1);
                assertThat(trainer.log()).contains("SHA-256 of millrace.train.model");
            }
        }
    }

    private String path(String name) {
        return directory.resolve(name).toString();
    }

    private static void run(SmallTrainer trainers, String name, String log, Map<String, String> more)
            throws IOException, InterruptedException {
        Map<String, String> settings = new HashMap<>(more);
        settings.put("millrace.train.export.type", "fp32");
        try (AppProcess trainer = trainers.start(name, log, settings)) {
            assertThat(trainer.awaitExit(LIMIT)).as(trainer.log()).isZero();
        }
    }

    private static float[] weights(Path model, String name) throws IOException {
        try (SafetensorsFile file = SafetensorsFile.open(model.resolve("model.safetensors"))) {
            return file.floats(name);
        }
    }
}
