package dev.millrace.trainer.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.millrace.proof.SmallFileSystem;
import dev.millrace.trainer.batch.Ramp;
import dev.millrace.trainer.learn.SmallModels;
import dev.millrace.trainer.learn.TorchEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A file system that is full when a file of a checkpoint, or the ledger, is written: the run ends and names the file,
/// goes on from the checkpoint before it when there is room again, and ends with the same bits.
class DiskFullTest {
    /// In the order in which they are written.
    private static final List<String> FILES = List.of(
            "model.safetensors",
            "optimizer.safetensors",
            "config.json",
            "outbox.jsonl",
            "seen-ids.bin",
            "manifest.json",
            "manifest.sha256");

    @TempDir
    Path directory;

    private Path model;
    private SmallFileSystem small;

    @BeforeAll
    static void startTheEngine() {
        TorchEngine.start(1);
    }

    @BeforeEach
    void mount() throws IOException {
        model = Files.createDirectory(directory.resolve("model"));
        SmallRun.modelThatCannotRead(1, SmallModels.config(128, 2, false), model);
        Optional<SmallFileSystem> mounted =
                SmallFileSystem.mount(Files.createDirectory(directory.resolve("small")), 16 << 10);
        assumeTrue(mounted.isPresent(), "this machine lets nobody mount a small file system: unshare --map-root-user");
        small = mounted.get();
    }

    @AfterEach
    void unmount() {
        if (small != null) {
            small.close();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "model.safetensors",
                "optimizer.safetensors",
                "outbox.jsonl",
                "seen-ids.bin",
                "manifest.json",
                "manifest.sha256"
            })
    void aCheckpointForWhichThereIsNoRoomIsNamedAndTheOneBeforeItIsUsed(String file) throws Exception {
        SmallRun run = run(small.root(), 1);
        run.trainTo(3, records());
        SmallRun undisturbed = undisturbed(1, 3, 6);

        // When there is room for what is written before the file, and not for its last page
        Path[] before = FILES.subList(0, FILES.indexOf(file)).stream()
                .map(each -> undisturbed.file(4, each))
                .toArray(Path[]::new);
        small.fill(SmallFileSystem.pages(before)
                + SmallFileSystem.pages(undisturbed.file(4, file))
                - SmallFileSystem.PAGE);

        // Then
        assertThatThrownBy(() -> run.trainTo(6, records()))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll(
                        "the checkpoint of step 4 cannot be written: ",
                        file + " cannot be written: No space left on device",
                        "the checkpoint before it is used");
        assertThat(run.file(3, "manifest.json")).exists();
        assertThat(run.file(4, "manifest.json")).doesNotExist();
        small.empty();
        run.trainTo(6, records());
        assertSame(run, undisturbed, 6);
    }

    @Test
    void aLineOfTheLedgerForWhichThereIsNoRoomEndsTheRunBeforeItsStep() throws Exception {
        SmallRun run = run(small.root(), 100);
        run.trainTo(3, records());

        // When there is room for a page more
        small.fill(SmallFileSystem.PAGE);
        assertThatThrownBy(() -> run.trainTo(40, records()))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll(
                        "ledger.jsonl cannot be written: No space left on device",
                        "the run goes on from its last checkpoint");

        // Then
        small.empty();
        run.trainTo(40, records());
        assertSame(run, undisturbed(100, 3, 40), 40);
        assertThat(run.windows()).hasSize(40);
    }

    private SmallRun undisturbed(long stride, long first, long last) throws IOException, InterruptedException {
        SmallRun run = run(Files.createDirectory(directory.resolve("undisturbed")), stride);
        run.trainTo(first, records());
        run.trainTo(last, records());
        return run;
    }

    private SmallRun run(Path root, long stride) {
        return new SmallRun(root, model, 10, Optional.empty(), Ramp.constant(1)).checkpointingEvery(stride);
    }

    /// Enough for 40 steps; some are bad, some have ids.
    private static String[] records() {
        return Stream.iterate(0, i -> i + 1)
                .limit(60)
                .map(i -> switch (i % 6) {
                    case 0 -> "!bad " + i;
                    case 1, 2 -> "#" + i % 10 + "a document with an id " + i;
                    default -> "a document without " + i;
                })
                .toArray(String[]::new);
    }

    private static void assertSame(SmallRun some, SmallRun other, long step) {
        for (String file : FILES) {
            assertThat(some.file(step, file)).hasSameBinaryContentAs(other.file(step, file));
        }
    }
}
