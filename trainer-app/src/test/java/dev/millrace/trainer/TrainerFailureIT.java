package dev.millrace.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.testing.AppProcess;
import dev.millrace.testing.EmbeddedKafka;
import dev.millrace.testing.KafkaMain;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A trainer that cannot go on ends, not with 0, and says where it stood, why, and what to do.
class TrainerFailureIT {
    private static final Duration LIMIT = Duration.ofSeconds(90);
    private static final TopicPartition SECOND = new TopicPartition(KafkaMain.DOCUMENTS, 1);

    @TempDir
    Path directory;

    @Test
    void recordsThatAreDeletedAheadOfTheTrainerEndIt() throws Exception {
        try (EmbeddedKafka kafka = EmbeddedKafka.start(1, directory);
                Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.bootstrapServers()))) {
            // Given a trainer that has fetched a little of the log, and prepared some seconds of steps of it
            SmallCorpus.produce(kafka, 6000);
            Map<String, String> sips = Map.of(
                    "millrace.intake.high-watermark", "32K",
                    "millrace.intake.low-watermark", "16K",
                    "mp.messaging.incoming.documents.max.poll.records", "100",
                    "mp.messaging.incoming.documents.max.partition.fetch.bytes", "8192",
                    "millrace.batch.accumulation", "8",
                    "millrace.batch.prefetch", "100");
            try (AppProcess trainer = new SmallTrainer(directory, kafka.bootstrapServers()).start("starved", sips)) {
                await().atMost(LIMIT).until(() -> trainer.log().contains("step 10 "));
                trainer.awaitOk("/q/health/ready", LIMIT);

                // When the records that it still needs are deleted
                long end = admin.listOffsets(Map.of(SECOND, OffsetSpec.latest()))
                        .partitionResult(SECOND)
                        .get()
                        .offset();
                admin.deleteRecords(Map.of(SECOND, RecordsToDelete.beforeOffset(end)))
                        .all()
                        .get();

                // Then
                // Then what is prepared is trained, the probe says why no more will come, and the process ends
                trainer.awaitStatus("/q/health/ready", 503, LIMIT);
                assertThat(trainer.get("/q/health/ready").body()).contains("is not on the log");
                assertThat(trainer.awaitExit(LIMIT)).as(trainer.log()).isEqualTo(1);
                assertThat(trainer.log())
                        .containsPattern("training stopped: .*" + SECOND + "@\\d+ is not on the log")
                        .contains("records were deleted before they were trained")
                        .doesNotContain("cannot read positions");
            }
        }
    }

    @Test
    void ofTwoTrainersWithOneInstanceIdTheFirstIsFencedAndSaysSo() throws Exception {
        try (EmbeddedKafka kafka = EmbeddedKafka.start(1, directory)) {
            SmallCorpus.produce(kafka, 100);
            SmallTrainer trainers = new SmallTrainer(directory, kafka.bootstrapServers());
            Map<String, String> same = Map.of(
                    "millrace.intake.instance-id", "trainer-0",
                    "mp.messaging.incoming.documents.group.id", "shared",
                    "millrace.train.start", "earliest");
            try (AppProcess first = trainers.start("first", same)) {
                first.awaitOk("/q/health/ready", LIMIT);

                try (AppProcess second = trainers.start("second", same)) {
                    assertThat(first.awaitExit(LIMIT)).as(first.log()).isEqualTo(1);
                    assertThat(first.log())
                            .contains("another live member of group shared has taken over millrace.intake.instance-id");
                    second.awaitOk("/q/health/ready", LIMIT);
                }
            }
        }
    }
}
