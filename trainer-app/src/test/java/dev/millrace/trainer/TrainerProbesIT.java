package dev.millrace.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.testing.AppProcess;
import dev.millrace.testing.EmbeddedKafka;
import dev.millrace.testing.KafkaMain;
import io.smallrye.reactive.messaging.kafka.companion.KafkaCompanion;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What an operator's probes see: a trainer that waits for a broker lives, and one that waits for data is ready.
class TrainerProbesIT {
    private static final Duration LIMIT = Duration.ofSeconds(90);

    @TempDir
    Path directory;

    @Test
    void probesFollowTheStateOfTheTrainer() throws Exception {
        int port = EmbeddedKafka.freePort();
        try (AppProcess trainer = new SmallTrainer(directory, "localhost:" + port).start("probed", Map.of())) {
            trainer.awaitOk("/q/health/started", LIMIT);
            assertThat(status(trainer, "/q/health/ready")).isEqualTo(503);
            assertThat(status(trainer, "/q/health/live")).isEqualTo(200);

            try (EmbeddedKafka kafka = EmbeddedKafka.startOn(port, directory)) {
                kafka.createTopic(KafkaMain.DOCUMENTS, 2);
                kafka.createTopic(KafkaMain.DEAD_LETTERS, 1);
                kafka.createTopic(KafkaMain.LEDGER, 1);
                trainer.awaitOk("/q/health/ready", LIMIT);
                produce(kafka);

                await().atMost(LIMIT).until(() -> metric(trainer, "millrace_steps_total") >= 1);
                assertThat(status(trainer, "/q/health/live")).isEqualTo(200);
                assertThat(metric(trainer, "millrace_loss")).isBetween(1.0, 8.0);
                assertThat(metric(trainer, "millrace_records_read_total")).isPositive();
                HttpResponse<String> metrics = trainer.get("/q/metrics");
                assertThat(metrics.version())
                        .as("what Java's client, which asks for HTTP/2, is answered in without TLS")
                        .isEqualTo(HttpClient.Version.HTTP_1_1);
                assertThat(metrics.body())
                        .contains("millrace_waiting_share", "millrace_tokens_to_train")
                        .contains("millrace_partition_position{partition=\"1\"}");

                // A broker that is gone for a while is no broken consumer.
                double before = metric(trainer, "millrace_records_read_total");
                kafka.stopNode(1);
                assertThat(status(trainer, "/q/health/live")).isEqualTo(200);
                kafka.startNode(1);
                produce(kafka);
                await().atMost(LIMIT).until(() -> metric(trainer, "millrace_records_read_total") > before);

                assertThat(trainer.terminate(LIMIT)).as(trainer.log()).isZero();
            }
        }
    }

    private static int status(AppProcess trainer, String path) throws IOException, InterruptedException {
        return trainer.get(path).statusCode();
    }

    private static double metric(AppProcess trainer, String name) throws IOException, InterruptedException {
        return trainer.get("/q/metrics")
                .body()
                .lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
                .findFirst()
                .orElse(Double.NaN);
    }

    private static void produce(EmbeddedKafka kafka) {
        try (KafkaCompanion companion = new KafkaCompanion(kafka.bootstrapServers())) {
            companion
                    .produceStrings()
                    .usingGenerator(
                            i -> new ProducerRecord<>(
                                    KafkaMain.DOCUMENTS, i % 2, "d" + i, "{\"text\":\"document number " + i + "\"}"),
                            100)
                    .awaitCompletion(Duration.ofSeconds(60));
        }
    }
}
