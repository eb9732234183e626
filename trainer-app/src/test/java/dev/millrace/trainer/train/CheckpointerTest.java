package dev.millrace.trainer.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import dev.millrace.trainer.batch.Cursor;
import dev.millrace.trainer.batch.PartitionCursor;
import dev.millrace.trainer.checkpoint.CheckpointManifest;
import dev.millrace.trainer.checkpoint.CheckpointStore;
import dev.millrace.trainer.checkpoint.Retention;
import dev.millrace.trainer.learn.Learner;
import dev.millrace.trainer.learn.SmallModels;
import dev.millrace.trainer.learn.StepHistory;
import dev.millrace.trainer.learn.TorchEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class CheckpointerTest {
    private static final Cursor CURSOR =
            new Cursor(0, 0, List.of(PartitionCursor.startingAt(0, 7)), Cursor.Counts.NONE);

    @TempDir
    Path root;

    private final TrainingStatus status = new TrainingStatus(InstantSource.system(), Duration.ofMinutes(1));
    private final Held held = new Held();
    private CheckpointStore store;
    private Learner learner;

    /// Holds the writing thread in the middle of a checkpoint until it is let go.
    private static final class Held implements Checkpointer.Companions {
        private final CountDownLatch reached = new CountDownLatch(1);
        private final CountDownLatch released = new CountDownLatch(1);
        private final List<Long> published = new ArrayList<>();
        private boolean fails;

        @Override
        public void addFiles(Path directory, Checkpointer.Covered covered) throws IOException {
            reached.countDown();
            try {
                if (!released.await(30, TimeUnit.SECONDS)) {
                    throw new IOException("nobody let it go");
                }
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
            if (fails) {
                throw new IOException(directory.resolve("seen-ids.bin") + ": No space left on device");
            }
        }

        @Override
        public boolean publish(Checkpointer.Covered covered) {
            published.add(covered.step());
            return true;
        }
    }

    @BeforeAll
    static void startTheEngine() {
        TorchEngine.start(1);
    }

    @BeforeEach
    void open() throws IOException, InterruptedException {
        store = CheckpointStore.open(root, Retention.ofNewest(2), complaint -> {}, _ -> false)
                .orElseThrow();
        learner = SmallModels.learner(SmallModels.config(2, false), 7);
    }

    @AfterEach
    void close() throws IOException {
        held.released.countDown();
        learner.close();
        store.close();
    }

    private Checkpointer checkpointer(boolean asynchronous) {
        return new Checkpointer(store, held, asynchronous, status, line -> {});
    }

    @Test
    void trainingGoesOnWhileACheckpointIsWritten() throws Exception {
        SmallModels.step(learner, 0);
        Map<String, float[]> before = weights(learner);
        try (Checkpointer checkpoints = checkpointer(true)) {
            save(checkpoints, 1);
            held.reached.await();

            SmallModels.step(learner, 1);
            SmallModels.step(learner, 2);
            assertThat(store.latest()).isEmpty();
            held.released.countDown();
            checkpoints.await();
        }

        assertThat(held.published).containsExactly(1L);
        Path saved = store.latest().orElseThrow().directory();
        try (Learner restored = Learner.restore(saved, 1, SmallModels.settings(0), Device.cpu())) {
            weights(restored)
                    .forEach((name, values) -> assertThat(values).as(name).isEqualTo(before.get(name)));
            // The moments are those of the first step as well: the same steps follow, to the same bits.
            SmallModels.step(restored, 1);
            SmallModels.step(restored, 2);
            Map<String, float[]> now = weights(learner);
            weights(restored)
                    .forEach((name, values) -> assertThat(values).as(name).isEqualTo(now.get(name)));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void checkpointsAreDurableAndPublishedInTheirOrder(boolean asynchronous) throws Exception {
        held.released.countDown();
        try (Checkpointer checkpoints = checkpointer(asynchronous)) {
            for (int step = 1; step <= 3; step++) {
                SmallModels.step(learner, step);
                save(checkpoints, step);
            }
        }

        assertThat(held.published).containsExactly(1L, 2L, 3L);
        assertThat(store.latest().orElseThrow().manifest().step()).isEqualTo(3);
        assertThat(root.resolve("step-000000000001")).doesNotExist();
        assertThat(status.lastCheckpoint().orElseThrow().count()).isEqualTo(3);
        assertThat(status.paused()).isPositive();
    }

    @Test
    void withoutACopyItIsDurableWhenTrainingGoesOn() throws Exception {
        held.released.countDown();
        SmallModels.step(learner, 0);
        try (Checkpointer checkpoints = checkpointer(false)) {
            save(checkpoints, 1);

            assertThat(store.latest().orElseThrow().manifest().step()).isEqualTo(1);
        }
    }

    @Test
    void aCheckpointThatFailsStopsTheTrainingAndLeavesNothingHalf() throws Exception {
        held.fails = true;
        SmallModels.step(learner, 0);
        try (Checkpointer checkpoints = checkpointer(true)) {
            save(checkpoints, 1);
            checkpoints.requireSound();
            held.released.countDown();

            Awaitility.await()
                    .untilAsserted(() -> assertThatThrownBy(checkpoints::requireSound)
                            .isInstanceOf(IOException.class)
                            .hasMessageContaining("seen-ids.bin: No space left"));
        }

        assertThat(held.published).isEmpty();
        try (var entries = Files.list(root)) {
            assertThat(entries.map(entry -> entry.getFileName().toString()))
                    .containsExactlyInAnyOrder(".lock", ".owner");
        }
    }

    @Test
    void closingWaitsForTheOneUnderWay() throws Exception {
        SmallModels.step(learner, 0);
        try (Checkpointer checkpoints = checkpointer(true)) {
            save(checkpoints, 1);
            held.reached.await();
            Thread.ofVirtual().start(held.released::countDown);
        }

        assertThat(store.latest().orElseThrow().manifest().step()).isEqualTo(1);
    }

    private void save(Checkpointer checkpoints, long step) throws IOException, InterruptedException {
        checkpoints.save(
                learner,
                CheckpointManifest.of(step, learner.steps(), 10 * step, 1.5, StepHistory.NONE, CURSOR, null, Map.of()),
                new Checkpointer.Covered(step, CURSOR));
    }

    private static Map<String, float[]> weights(Learner learner) {
        Map<String, float[]> weights = new TreeMap<>();
        for (Map.Entry<String, NDArray> each : learner.model().parameters().entrySet()) {
            weights.put(each.getKey(), each.getValue().toFloatArray());
        }
        return weights;
    }
}
