package dev.millrace.proof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.testing.AppProcess;
import dev.millrace.trainer.ledger.LedgerEntry;
import dev.millrace.trainer.ledger.LedgerReader;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// Where a topic grows while it is trained, which partitions were passed over at their log end is chance, once: then it
/// stands in the ledger, and whatever is done again follows it.
@ExtendWith(ProvingGround.Provider.class)
class GrowingTopicIT {
    private static final String TOPIC = "growing";
    private static final int PARTITIONS = 4;
    private static final long SEED = 7;
    private static final int SEQUENCE = 32;
    private static final int WINDOWS_PER_STEP = 4;
    private static final int STRIDE = ProvingGround.STRIDE;

    private final ProvingGround ground;

    GrowingTopicIT(ProvingGround ground) {
        this.ground = ground;
    }

    @Test
    void whatIsDoneAgainOnATopicThatHasGrownIsWhatTheLedgerRecorded() throws Exception {
        Map<String, String> forEver = Map.of(
                "mp.messaging.incoming.documents.topic", TOPIC,
                "millrace.train.epochs", "",
                "millrace.intake.position-interval", "5ms");
        ProofRun run = ground.run("grown", forEver);
        long steps;
        long undone;
        DocumentLog log;
        try (DocumentFeed feed = new DocumentFeed(ground.kafka(), TOPIC, PARTITIONS, SEED)) {
            // Given a run that is killed behind steps which passed partitions over
            try (AppProcess trainer = run.start()) {
                do {
                    feed.send(6);
                    awaitStep(trainer, wholeSteps(feed.log()));
                } while (!wouldPassOverAgain(run, wholeSteps(feed.log())));
                trainer.kill();
            }
            undone = wholeSteps(feed.log()) - run.checkpoints().newestStep();

            // When it goes on, and those partitions have much more to give
            feed.send(300);
            log = feed.log();
            steps = wholeSteps(log);
            try (AppProcess trainer = run.start()) {
                awaitStep(trainer, steps);
                assertThat(trainer.terminate(ProofRun.LIMIT)).as(trainer.log()).isZero();
            }
        }

        // Then it has trained all that makes whole steps, and a replay from its beginning makes the same of it
        Map<String, String> again = new HashMap<>(forEver);
        again.put(
                "millrace.checkpoint.replay-from",
                run.checkpoints().directory(0).toString());
        again.put("millrace.train.max-steps", Long.toString(steps));
        ProofRun replayed = ground.run("grown-again", again);
        replayed.finish();
        Comparison comparison = Comparison.of(log, replayed, run);
        assertThat(comparison.problems()).isEmpty();
        assertThat(comparison.ledger().steps()).isEqualTo(steps);
        assertThat(comparison.ledger().repeatedResults()).isEqualTo(undone);
    }

    private static long wholeSteps(DocumentLog log) {
        return log.windows(SEQUENCE) / WINDOWS_PER_STEP;
    }

    private static void awaitStep(AppProcess trainer, long step) {
        await().atMost(ProofRun.LIMIT).pollInterval(Duration.ofMillis(10)).until(() -> {
            assertThat(trainer.isAlive()).as(trainer.log()).isTrue();
            return ProofRun.lastStep(trainer) >= step;
        });
    }

    /// Whether every checkpoint that is due stands, and a step behind the last of them passed a partition over.
    private static boolean wouldPassOverAgain(ProofRun run, long step) throws IOException {
        long newest = run.checkpoints().newestStep();
        List<LedgerEntry> undone = LedgerReader.in(run.checkpoints().root()).between(newest, step);
        return newest > 0
                && newest == step / STRIDE * STRIDE
                && undone.stream()
                        .anyMatch(entry -> !entry.composition().passedOver().isEmpty());
    }
}
