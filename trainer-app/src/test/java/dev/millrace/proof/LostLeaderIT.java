package dev.millrace.proof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.testing.AppProcess;
import dev.millrace.testing.EmbeddedKafka;
import dev.millrace.testing.KafkaMain;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.TopicPartitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A cluster of three that loses the broker which leads a partition: the run goes on with the others, to the same
/// bits.
class LostLeaderIT {
    private static final int DOCUMENTS = 600;
    private static final long SEED = 20261124;
    private static final int STRIDE = 15;

    @TempDir
    Path directory;

    @Test
    void aClusterThatLosesALeaderChangesNoBit() throws Exception {
        try (EmbeddedKafka kafka = EmbeddedKafka.start(3, directory)) {
            DocumentLog log = DocumentLog.produce(kafka, DOCUMENTS, 4, SEED);
            ProofRun undisturbed = run(kafka, "undisturbed", Map.of());
            undisturbed.finish();
            // It can hold only a little of the log, so that it needs what is led elsewhere then.
            ProofRun run = run(
                    kafka,
                    "bereft",
                    Map.of(
                            "millrace.intake.high-watermark", "2048",
                            "millrace.intake.low-watermark", "1024",
                            "mp.messaging.incoming.documents.max.poll.records", "10",
                            "mp.messaging.incoming.documents.max.partition.fetch.bytes", "1024"));
            try (AppProcess trainer = run.start()) {
                new KillWatch(trainer, run.checkpoints(), 0, STRIDE, 0).await(new KillMoment.AfterSteps(2 * STRIDE));

                // When
                int lost = leader(kafka);
                long before = ProofRun.lastStep(trainer);
                kafka.stopNode(lost);
                assertThat(trainer.awaitExit(ProofRun.LIMIT)).as(trainer.log()).isZero();

                // Then
                assertThat(before).isLessThan(undisturbed.checkpoints().newestStep());
                await().atMost(ProofRun.LIMIT).until(() -> leader(kafka) != lost);
            }
            assertThat(Comparison.of(log, undisturbed, run).problems()).isEmpty();
        }
    }

    private static int leader(EmbeddedKafka kafka) throws InterruptedException, ExecutionException {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.bootstrapServers()))) {
            List<TopicPartitionInfo> partitions = Objects.requireNonNull(
                            admin.describeTopics(List.of(KafkaMain.DOCUMENTS))
                                    .allTopicNames()
                                    .get()
                                    .get(KafkaMain.DOCUMENTS))
                    .partitions();
            return Objects.requireNonNull(partitions.getFirst().leader()).id();
        }
    }

    private ProofRun run(EmbeddedKafka kafka, String name, Map<String, String> extra) {
        return new ProofRun(Path.of("."), directory, name, kafka, STRIDE, 30, extra);
    }
}
