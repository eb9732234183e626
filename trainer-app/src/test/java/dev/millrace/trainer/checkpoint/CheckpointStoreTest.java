package dev.millrace.trainer.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.trainer.batch.Bounds;
import dev.millrace.trainer.batch.Cursor;
import dev.millrace.trainer.batch.PartitionCursor;
import dev.millrace.trainer.learn.StepHistory;
import dev.millrace.trainer.pack.Position;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointStoreTest {
    private static final Retention NEWEST_TWO = Retention.ofNewest(2);
    private static final StepHistory HISTORY =
            new StepHistory(3, List.of(new StepHistory.Reading(0.1f, 1 / 3.0), new StepHistory.Reading(2.5, 1e-30)));

    @TempDir
    Path root;

    private final List<String> complaints = new ArrayList<>();
    private CheckpointStore store;

    @BeforeEach
    void open() throws IOException, InterruptedException {
        store = opened(root);
    }

    @AfterEach
    void close() throws IOException {
        store.close();
    }

    @Test
    void theLatestIsWhatWasWrittenLast() throws IOException {
        write(100);
        Checkpoint written = write(200);

        Checkpoint latest = store.latest().orElseThrow();

        assertThat(latest).isEqualTo(written);
        assertThat(latest.manifest().cursor()).isEqualTo(cursor(200));
        assertThat(latest.manifest().bounds()).isEqualTo(bounds());
        assertThat(latest.manifest().history()).isEqualTo(HISTORY);
        assertThat(latest.directory().resolve("weights")).hasContent("weights of 200");
    }

    @Test
    void aWriteThatIsNotCommittedLeavesNothing() throws IOException {
        try (CheckpointWrite write = store.start(5)) {
            Files.writeString(write.directory().resolve("weights"), "half");
        }

        assertThat(store.latest()).isEmpty();
        try (var entries = Files.list(root)) {
            assertThat(entries.map(entry -> entry.getFileName().toString()))
                    .containsExactlyInAnyOrder(".lock", ".owner");
        }
    }

    @Test
    void whatAKilledProcessLeftUnfinishedIsRemoved() throws IOException, InterruptedException {
        write(100);
        Path torn = Files.createDirectory(root.resolve(".writing-step-000000000200"));
        Files.writeString(torn.resolve("weights"), "half");
        store.close();

        store = opened(root);

        assertThat(torn).doesNotExist();
        assertThat(store.latest().orElseThrow().manifest().step()).isEqualTo(100);
    }

    @ParameterizedTest
    @ValueSource(strings = {"weights", "optimizer", "manifest.json"})
    void aDamagedCheckpointIsRefusedByNameAndTheOneBeforeItIsTaken(String name) throws IOException {
        write(100);
        Path file = write(200).directory().resolve(name);
        byte[] content = Files.readAllBytes(file);

        byte[] flipped = content.clone();
        flipped[0] ^= 1;
        Files.write(file, flipped);
        assertThat(store.latest().orElseThrow().manifest().step()).isEqualTo(100);
        assertThat(complaints).singleElement().asString().contains(file.toString());

        Files.write(file, java.util.Arrays.copyOf(content, content.length / 2));
        assertThat(store.latest().orElseThrow().manifest().step()).isEqualTo(100);

        Files.delete(file);
        assertThat(store.latest().orElseThrow().manifest().step()).isEqualTo(100);
        assertThat(complaints).hasSize(3);
    }

    @Test
    void aCheckpointOfTheSameStepTakesTheOthersPlaceAndUntilThenThatStays() throws IOException, InterruptedException {
        Path first = write(100).directory();
        Path second = write(100).directory();
        assertThat(second).isEqualTo(first);
        assertThat(store.latest().orElseThrow().manifest().step()).isEqualTo(100);

        // When a process dies between the two renames
        Files.move(second, root.resolve(".replaced-" + second.getFileName()));
        store.close();
        store = opened(root);

        // Then
        assertThat(store.latest().orElseThrow().directory()).isEqualTo(second);
        assertThat(root.resolve(".replaced-" + second.getFileName())).doesNotExist();
    }

    @Test
    void whereNoCheckpointIsWholeTheRunIsNotBegunAnew() throws IOException {
        Path first = write(100).directory();
        Path second = write(200).directory();
        Files.delete(first.resolve("weights"));
        Files.delete(second.resolve("optimizer"));

        assertThatThrownBy(() -> store.latest())
                .isInstanceOf(IOException.class)
                .hasMessageContaining("none of the 2 checkpoints in millrace.checkpoint.directory = " + root);
        assertThat(complaints).hasSize(2);
    }

    @Test
    void retentionKeepsTheNewest() throws IOException {
        for (long step = 1; step <= 4; step++) {
            write(step);
            store.prune();
        }

        assertThat(steps()).containsExactly(3L, 4L);
    }

    @Test
    void retentionKeepsTheMultiplesForGood() throws Exception {
        store.close();
        store = CheckpointStore.open(root, new Retention(2, OptionalLong.of(3)), complaints::add, _ -> false)
                .orElseThrow();

        for (long step = 0; step <= 8; step++) {
            write(step);
            store.prune();
        }

        assertThat(steps()).containsExactly(3L, 6L, 7L, 8L);
    }

    @Test
    void refusedCheckpointsDoNotPushOutTheGoodOnes() throws Exception {
        write(100);
        for (long step = 200; step <= 300; step += 100) {
            Files.writeString(write(step).directory().resolve("weights"), "torn");
        }
        assertThat(store.latest().orElseThrow().manifest().step()).isEqualTo(100);

        write(150);
        store.prune();
        assertThat(steps()).containsExactly(100L, 150L, 200L, 300L);

        // One is made again, the other is passed by.
        write(200);
        write(350);
        store.prune();
        assertThat(steps()).containsExactly(200L, 300L, 350L);
        Files.writeString(root.resolve("step-000000000350").resolve("weights"), "torn");
        assertThat(store.latest().orElseThrow().manifest().step()).isEqualTo(200);
    }

    private List<Long> steps() throws IOException {
        try (var entries = Files.list(root)) {
            return entries.map(entry -> entry.getFileName().toString())
                    .filter(name -> name.startsWith("step-"))
                    .map(name -> Long.parseLong(name.substring("step-".length())))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void aDirectoryIsHeldByOneTrainerUntilThatOneIsGone() throws IOException, InterruptedException {
        assertThat(CheckpointStore.open(root, NEWEST_TWO, complaints::add, _ -> false))
                .isEmpty();

        store = CheckpointStore.open(root, NEWEST_TWO, complaints::add, _ -> {
                    store.close();
                    return true;
                })
                .orElseThrow();

        assertThat(write(100).manifest().step()).isEqualTo(100);
    }

    @Test
    void anOwnerWhoseDirectoryWasTakenWritesNothingMore() throws IOException, InterruptedException {
        write(100);
        CheckpointWrite late = store.start(200);
        // The lock is lost without the process noticing: to the next owner it looks like this.
        store.close();
        try (CheckpointStore next = opened(root)) {
            assertThatThrownBy(() -> late.commit(manifest(200)))
                    .isInstanceOf(RunTakenOverException.class)
                    .hasMessageContaining("owner 2 has taken this run over from owner 1");
            assertThatThrownBy(() -> store.start(300)).isInstanceOf(RunTakenOverException.class);
            assertThatThrownBy(store::prune).isInstanceOf(RunTakenOverException.class);
            assertThatThrownBy(store::requireOwned).isInstanceOf(RunTakenOverException.class);
            next.requireOwned();
            assertThat(next.latest().orElseThrow().manifest().step()).isEqualTo(100);
        }
    }

    @Test
    void anOwnerThatDoesNotSeeThatItWasFollowedGivesItsCheckpointNoNameEither() throws Exception {
        write(100);
        CheckpointWrite late = store.start(200);
        Files.writeString(late.directory().resolve("weights"), "weights of 200");
        store.close();
        try (CheckpointStore next = opened(root)) {
            CheckpointWrite own = next.start(200);
            assertThat(own.directory()).isNotEqualTo(late.directory());
            // To the old owner a file system that is slow to tell still shows its own number.
            Path owner = root.resolve(".owner");
            String now = Files.readString(owner);
            Files.writeString(owner, "1\n");

            assertThatThrownBy(() -> late.commit(manifest(200))).isInstanceOf(IOException.class);

            Files.writeString(owner, now);
            assertThat(next.latest().orElseThrow().manifest().step()).isEqualTo(100);
            own.commit(manifest(200));
            assertThat(next.latest().orElseThrow().manifest().files()).isEmpty();
        }
    }

    private CheckpointStore opened(Path directory) throws IOException, InterruptedException {
        return CheckpointStore.open(directory, NEWEST_TWO, complaints::add, _ -> false)
                .orElseThrow();
    }

    private Checkpoint write(long step) throws IOException {
        try (CheckpointWrite write = store.start(step)) {
            Files.writeString(write.directory().resolve("weights"), "weights of " + step);
            Files.writeString(write.directory().resolve("optimizer"), "moments of " + step);
            return write.commit(manifest(step));
        }
    }

    private static CheckpointManifest manifest(long step) {
        return CheckpointManifest.of(
                step, step, step * 512, 1.25, HISTORY, cursor(step), bounds(), Map.of("seed", "0"));
    }

    private static Cursor cursor(long offset) {
        return new Cursor(
                0,
                1,
                List.of(
                        new PartitionCursor(0, new Position(0, offset, 3), new Position(0, offset + 1, 0), 0, false),
                        PartitionCursor.startingAt(2, 9)),
                new Cursor.Counts(1, 2, 3, 4, 5, 6));
    }

    private static Bounds bounds() {
        return new Bounds(2, new TreeMap<>(Map.of(0, new Bounds.Stretch(0, 1000), 2, new Bounds.Stretch(9, 9))));
    }
}
