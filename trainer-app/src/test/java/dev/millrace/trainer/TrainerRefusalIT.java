package dev.millrace.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.testing.AppProcess;
import dev.millrace.testing.EmbeddedKafka;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A trainer that must not begin ends, not with 0, and says which setting to look at.
class TrainerRefusalIT {
    private static final Duration LIMIT = Duration.ofSeconds(90);

    @TempDir
    Path directory;

    @Test
    void aMissingTokenizerAndADirectoryInUseStopTheStart() throws Exception {
        try (EmbeddedKafka kafka = EmbeddedKafka.start(1, directory)) {
            SmallCorpus.produce(kafka, 100);
            SmallTrainer trainers = new SmallTrainer(directory, kafka.bootstrapServers());

            // When there is no tokenizer
            Path missing = directory.resolve("nowhere");
            try (AppProcess trainer =
                    trainers.start("lost", Map.of("millrace.tokenizer.directory", missing.toString()))) {
                // Then
                assertThat(trainer.awaitExit(LIMIT)).as(trainer.log()).isEqualTo(1);
                assertThat(trainer.log())
                        .contains("training stopped: " + missing.resolve("tokenizer.json") + " is missing: "
                                + "millrace.tokenizer.directory must hold a Hugging Face tokenizer");
            }

            // When another trainer holds the run
            try (AppProcess first = trainers.start("held", Map.of())) {
                first.awaitOk("/q/health/ready", LIMIT);
                try (AppProcess second = trainers.start(
                        "held", "second.log", Map.of("mp.messaging.incoming.documents.group.id", "group-second"))) {
                    // Then
                    assertThat(second.awaitExit(LIMIT)).as(second.log()).isEqualTo(1);
                    assertThat(second.log())
                            .contains("training stopped: millrace.checkpoint.directory = " + directory.resolve("held")
                                    + " is in use by another trainer");
                }
                assertThat(first.isAlive()).as("the first goes on").isTrue();
            }
        }
    }
}
