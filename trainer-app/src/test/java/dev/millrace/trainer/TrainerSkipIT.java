package dev.millrace.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.testing.AppProcess;
import dev.millrace.testing.EmbeddedKafka;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A stretch of the log that the owner of a run takes out goes into no step, and the lineage says so.
class TrainerSkipIT {
    private static final Duration LIMIT = Duration.ofSeconds(90);
    private static final int DOCUMENTS = 100;

    @TempDir
    Path directory;

    @Test
    void whatIsTakenOutGoesIntoNoStep() throws Exception {
        try (EmbeddedKafka kafka = EmbeddedKafka.start(1, directory)) {
            SmallCorpus.produce(kafka, DOCUMENTS);
            SmallTrainer trainers = new SmallTrainer(directory, kafka.bootstrapServers());
            Map<String, String> settings = Map.of(
                    "millrace.intake.skip", "0:10-19,1:0-4",
                    "millrace.train.epochs", "1",
                    "millrace.train.exit-when-done", "false");

            try (AppProcess trainer = trainers.start("skipping", settings)) {
                Awaitility.await()
                        .atMost(LIMIT)
                        .until(() -> trainer.log().contains("finished: every epoch is trained") || !trainer.isAlive());

                assertThat(status(trainer, "partition=0&offset=9")).isEqualTo(200);
                assertThat(status(trainer, "partition=0&offset=10")).isEqualTo(404);
                assertThat(status(trainer, "partition=0&offset=19")).isEqualTo(404);
                assertThat(status(trainer, "partition=0&offset=20")).isEqualTo(200);
                assertThat(status(trainer, "partition=1&offset=0")).isEqualTo(404);
                assertThat(status(trainer, "partition=1&offset=4")).isEqualTo(404);
                assertThat(status(trainer, "partition=1&offset=5")).isEqualTo(200);
                assertThat(trainer.get("/v1/lineage?partition=0&offset=10").body())
                        .contains("partition 0 @10 was read for step", "millrace.intake.skip takes it out");
                JsonNode first = new ObjectMapper()
                        .readTree(trainer.get("/v1/lineage?step=1").body());
                assertThat(first.at("/0/composition/skips/0/range/last").asLong())
                        .as(first.toString())
                        .isEqualTo(19);
                assertThat(trainer.get("/q/metrics").body()).contains("millrace_records_skipped_total 15.0");
                assertThat(trainer.terminate(LIMIT)).as(trainer.log()).isZero();
            }

            // What is no range stops the start
            try (AppProcess trainer = trainers.start("refused", Map.of("millrace.intake.skip", "10-19"))) {
                assertThat(trainer.awaitExit(LIMIT)).as(trainer.log()).isEqualTo(1);
                assertThat(trainer.log()).contains("training stopped: millrace.intake.skip = 10-19 is no range");
            }
        }
    }

    private static int status(AppProcess trainer, String question) throws Exception {
        HttpResponse<String> answer = trainer.get("/v1/lineage?" + question);
        return answer.statusCode();
    }
}
