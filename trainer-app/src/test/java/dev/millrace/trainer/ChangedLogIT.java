package dev.millrace.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.testing.AppProcess;
import dev.millrace.testing.EmbeddedKafka;
import dev.millrace.testing.KafkaMain;
import io.smallrye.reactive.messaging.kafka.companion.KafkaCompanion;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A log, or what the group knows of it, that has changed behind a run's back: seen, and nothing skipped in silence.
class ChangedLogIT {
    private static final Duration LIMIT = Duration.ofSeconds(90);
    private static final String RUN = "run";
    private static final Map<String, String> WATCHFUL =
            Map.of("mp.messaging.incoming.documents.metadata.max.age.ms", "500");

    @TempDir
    Path directory;

    @Test
    void eachChangeIsSeenAndHasABehaviour() throws Exception {
        try (EmbeddedKafka kafka = EmbeddedKafka.start(1, directory);
                Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.bootstrapServers()))) {
            SmallCorpus.produce(kafka, 60);
            SmallTrainer trainers = new SmallTrainer(directory, kafka.bootstrapServers());

            aPartitionThatIsAddedIsNamedAndTakenInAtTheNextStart(kafka, admin, trainers);
            offsetsWithoutACheckpointStopTheStartUntilItIsSaidWhatToDo(trainers);
            recordsThatAreGoneStopTheStart(kafka, admin, trainers);
            aTopicThatWasCreatedAgainStopsTheStart(kafka, admin, trainers);
        }
    }

    private void aPartitionThatIsAddedIsNamedAndTakenInAtTheNextStart(
            EmbeddedKafka kafka, Admin admin, SmallTrainer trainers) throws Exception {
        try (AppProcess trainer = trainers.start(RUN, WATCHFUL)) {
            trainer.awaitOk("/v1/lineage?partition=1&offset=0", LIMIT);

            admin.createPartitions(Map.of(KafkaMain.DOCUMENTS, NewPartitions.increaseTo(3)))
                    .all()
                    .get();
            produceTo(kafka, 2);

            await().atMost(LIMIT).until(() -> trainer.log().contains("partitions [2] were added to "));
            assertThat(trainer.get("/q/metrics").body()).contains("millrace_partitions_unread 1.0");
            assertThat(trainer.get("/q/health/ready").statusCode()).isEqualTo(200);
            assertThat(trainer.get("/v1/lineage?partition=2&offset=0").statusCode())
                    .isEqualTo(404);
            assertThat(trainer.terminate(LIMIT)).as(trainer.log()).isZero();
        }
        try (AppProcess trainer = trainers.start(RUN, "again.log", WATCHFUL)) {
            trainer.awaitOk("/v1/lineage?partition=2&offset=0", LIMIT);
            assertThat(trainer.terminate(LIMIT)).as(trainer.log()).isZero();
        }
    }

    private void offsetsWithoutACheckpointStopTheStartUntilItIsSaidWhatToDo(SmallTrainer trainers) throws Exception {
        Map<String, String> sameGroup = Map.of("mp.messaging.incoming.documents.group.id", "group-" + RUN);
        refuses(trainers, "elsewhere", sameGroup, "group group-run has committed offsets {0=");

        Map<String, String> goOn =
                Map.of("mp.messaging.incoming.documents.group.id", "group-" + RUN, "millrace.train.start", "committed");
        try (AppProcess trainer = trainers.start("elsewhere", "committed.log", goOn)) {
            trainer.awaitOk("/q/health/ready", LIMIT);
            assertThat(trainer.log()).containsPattern("step 0; for ever over partition 0 from @[1-9]");
            assertThat(trainer.terminate(LIMIT)).as(trainer.log()).isZero();
        }
    }

    private void recordsThatAreGoneStopTheStart(EmbeddedKafka kafka, Admin admin, SmallTrainer trainers)
            throws Exception {
        produceTo(kafka, 0);
        TopicPartition first = new TopicPartition(KafkaMain.DOCUMENTS, 0);
        long end = admin.listOffsets(Map.of(first, OffsetSpec.latest()))
                .partitionResult(first)
                .get()
                .offset();
        admin.deleteRecords(Map.of(first, RecordsToDelete.beforeOffset(end)))
                .all()
                .get();

        refuses(trainers, RUN, Map.of(), "records were deleted before they were trained (see the topic's retention)");
    }

    private void aTopicThatWasCreatedAgainStopsTheStart(EmbeddedKafka kafka, Admin admin, SmallTrainer trainers)
            throws Exception {
        admin.deleteTopics(List.of(KafkaMain.DOCUMENTS)).all().get();
        await().atMost(LIMIT).until(() -> !admin.listTopics().names().get().contains(KafkaMain.DOCUMENTS));
        kafka.createTopic(KafkaMain.DOCUMENTS, 3);

        refuses(trainers, RUN, Map.of(), "was begun with other settings: {topic id=was ");
    }

    private void refuses(SmallTrainer trainers, String name, Map<String, String> more, String why)
            throws IOException, InterruptedException {
        try (AppProcess trainer = trainers.start(name, "refused.log", more)) {
            assertThat(trainer.awaitExit(LIMIT)).as(trainer.log()).isEqualTo(1);
            assertThat(trainer.log()).contains("training stopped: ", why);
        }
    }

    private static void produceTo(EmbeddedKafka kafka, int partition) {
        try (KafkaCompanion companion = new KafkaCompanion(kafka.bootstrapServers())) {
            companion
                    .produceStrings()
                    .usingGenerator(
                            i -> new ProducerRecord<>(
                                    KafkaMain.DOCUMENTS,
                                    partition,
                                    "more" + i,
                                    "{\"text\":\"a document that came later, number " + i + "\"}"),
                            50)
                    .awaitCompletion(LIMIT);
        }
    }
}
