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

            // When a setting is out of its range
            try (AppProcess trainer = trainers.start("never", Map.of("millrace.checkpoint.keep-every", "0"))) {
                // Then
                assertThat(trainer.awaitExit(LIMIT)).as(trainer.log()).isEqualTo(1);
                assertThat(trainer.log()).contains("millrace.checkpoint.keep-every must be greater than or equal to 1");
            }

            // When another trainer holds the run, and this one is not to wait
            try (AppProcess first = trainers.start("held", Map.of())) {
                first.awaitOk("/q/health/ready", LIMIT);
                try (AppProcess second =
                        trainers.start("held", "refused.log", Map.of("millrace.checkpoint.standby", "false"))) {
                    // Then
                    assertThat(second.awaitExit(LIMIT)).as(second.log()).isEqualTo(1);
                    assertThat(second.log())
                            .contains("training stopped: millrace.checkpoint.directory = " + directory.resolve("held")
                                    + " is in use by another trainer");
                }
                assertThat(first.get("/q/health/ready").statusCode()).isEqualTo(200);

                // When it is to wait
                try (AppProcess second = trainers.start("held", "standby.log", Map.of())) {
                    second.awaitOk("/q/health/started", LIMIT);

                    // Then it lives, is not ready, and takes nothing from the first
                    assertThat(second.get("/q/health/live").statusCode()).isEqualTo(200);
                    assertThat(second.get("/q/health/ready").statusCode()).isEqualTo(503);
                    assertThat(first.get("/q/health/ready").statusCode()).isEqualTo(200);
                    assertThat(first.log()).doesNotContain("revoked [");

                    // When the first dies
                    first.kill();

                    // Then the second goes on with the run
                    second.awaitOk("/q/health/ready", LIMIT);
                    assertThat(second.log()).contains("stands by: ", "restored from ");
                    assertThat(second.terminate(LIMIT)).as(second.log()).isZero();
                }
            }

            // When a setting of the run is another
            Map<String, String> twoThreads = Map.of("millrace.engine.threads", "2");
            try (AppProcess changed = trainers.start("held", "changed.log", twoThreads)) {
                // Then
                assertThat(changed.awaitExit(LIMIT)).as(changed.log()).isEqualTo(1);
                assertThat(changed.log())
                        .contains(
                                "{millrace.engine.threads=was 1 and is 2}",
                                "set millrace.checkpoint.accept-changed = millrace.engine.threads");
            }

            // When it is accepted, then the run goes on, and says so once
            try (AppProcess accepted = trainers.start(
                    "held",
                    "accepted.log",
                    Map.of(
                            "millrace.engine.threads",
                            "2",
                            "millrace.checkpoint.accept-changed",
                            "millrace.engine.threads"))) {
                accepted.awaitOk("/q/health/ready", LIMIT);
                assertThat(accepted.log()).contains("the run has other settings: {millrace.engine.threads=");
                accepted.kill();
            }
            try (AppProcess accepted = trainers.start("held", "again.log", twoThreads)) {
                accepted.awaitOk("/q/health/ready", LIMIT);
                assertThat(accepted.log()).doesNotContain("the run has other settings");
            }
        }
    }
}
