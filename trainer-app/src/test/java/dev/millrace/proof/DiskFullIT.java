package dev.millrace.proof;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.millrace.testing.AppProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/// The packaged trainer on a file system that is full.
@ExtendWith(ProvingGround.Provider.class)
class DiskFullIT {
    private static final int STRIDE = ProvingGround.STRIDE;

    @TempDir
    Path place;

    private final ProvingGround ground;

    DiskFullIT(ProvingGround ground) {
        this.ground = ground;
    }

    @Test
    void aRunWhoseDiskIsFullEndsWithItsLastCheckpointAndGoesOnWhenThereIsRoomAgain() throws Exception {
        Optional<SmallFileSystem> mounted = SmallFileSystem.mount(place, 128 << 10);
        assumeTrue(mounted.isPresent(), "this machine lets nobody mount a small file system: unshare --map-root-user");
        try (SmallFileSystem small = mounted.get()) {
            ProofRun run = ground.run("full", Map.of());
            Files.createSymbolicLink(run.checkpoints().root(), small.root());
            try (AppProcess trainer = run.start()) {
                new KillWatch(trainer, run.checkpoints(), 0, STRIDE, 0).await(new KillMoment.CheckpointStands(1));
                trainer.kill();
            }
            long last = run.checkpoints().newestStep();

            // When there is room for half a checkpoint
            small.fill(run.checkpoints().bytes(last) / 2);
            try (AppProcess trainer = run.start()) {
                assertThat(trainer.awaitExit(ProofRun.LIMIT)).as(trainer.log()).isEqualTo(1);
                assertThat(trainer.log())
                        .contains(
                                "training stopped: the checkpoint of step " + (last + STRIDE) + " cannot be written: ",
                                "optimizer.safetensors cannot be written: No space left on device",
                                "the checkpoint before it is used");
            }
            assertThat(run.checkpoints().newestStep()).isEqualTo(last);

            // Then
            small.empty();
            assertThat(run.finish())
                    .contains("restored from " + run.checkpoints().directory(last));
            assertThat(ground.compare(run).problems()).isEmpty();
        }
    }
}
