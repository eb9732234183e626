package dev.millrace.proof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.testing.AppProcess;
import java.nio.file.Files;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/// A trainer that stands by goes on with the run of one that is gone, to the same bits.
@ExtendWith(ProvingGround.Provider.class)
class TakeoverIT {
    private static final int STRIDE = ProvingGround.STRIDE;

    private final ProvingGround ground;

    TakeoverIT(ProvingGround ground) {
        this.ground = ground;
    }

    @Test
    void aStandbyGoesOnWhereAKilledOwnerWasAndChangesNoBit() throws Exception {
        ProofRun run = ground.run("inherited", Map.of());
        try (AppProcess owner = run.start()) {
            // Held still while the other comes up, for the run is short.
            new KillWatch(owner, run.checkpoints(), 0, STRIDE, 0).await(new KillMoment.AfterSteps(1));
            owner.pause();
            try (AppProcess heir = run.start()) {
                await().atMost(ProofRun.LIMIT)
                        .until(() -> heir.log().contains("stands by: another trainer has the run"));
                assertThat(heir.get("/q/health/ready").statusCode()).isEqualTo(503);

                // When
                owner.goOn();
                new KillWatch(owner, run.checkpoints(), 0, STRIDE, 0).await(new KillMoment.CheckpointStands(2));
                owner.kill();

                // Then
                assertThat(heir.awaitExit(ProofRun.LIMIT)).as(heir.log()).isZero();
                assertThat(heir.log())
                        .contains("restored from " + run.checkpoints().root());
            }
            assertThat(ProofRun.lastStep(owner)).isLessThan(ground.steps());
        }
        assertThat(ground.compare(run).problems()).isEmpty();
    }

    @Test
    void anOwnerThatHadOnlySeemedGoneStopsWhenItIsBackAndChangesNoBit() throws Exception {
        ProofRun run = ground.run("usurped", Map.of());
        try (AppProcess owner = run.start()) {
            new KillWatch(owner, run.checkpoints(), 0, STRIDE, 0).await(new KillMoment.CheckpointStands(1));
            owner.pause();
            long began = run.checkpoints().newestStep();

            // When its lock is lost, as a network file system does that has lost its host, and another takes the run
            Files.delete(run.checkpoints().root().resolve(".lock"));
            try (AppProcess heir = run.start()) {
                new KillWatch(heir, run.checkpoints(), began, STRIDE, 0).await(new KillMoment.CheckpointStands(1));
                owner.goOn();

                // Then
                assertThat(owner.awaitExit(ProofRun.LIMIT)).as(owner.log()).isEqualTo(1);
                assertThat(owner.log()).contains("owner 2 has taken this run over from owner 1");
                assertThat(heir.awaitExit(ProofRun.LIMIT)).as(heir.log()).isZero();
            }
        }
        assertThat(ground.compare(run).problems()).isEmpty();
    }
}
