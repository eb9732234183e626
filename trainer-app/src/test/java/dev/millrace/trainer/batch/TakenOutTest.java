package dev.millrace.trainer.batch;

import static dev.millrace.trainer.batch.Assemblies.WINDOW;
import static dev.millrace.trainer.batch.Assemblies.assembler;
import static dev.millrace.trainer.batch.Assemblies.assertSame;
import static dev.millrace.trainer.batch.Assemblies.compositions;
import static dev.millrace.trainer.batch.Assemblies.drain;
import static dev.millrace.trainer.batch.Assemblies.randomLog;
import static dev.millrace.trainer.batch.Assemblies.stored;
import static dev.millrace.trainer.batch.Assemblies.texts;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Ranges that the settings take out of the log.
class TakenOutTest {
    @TempDir
    Path directory;

    @Test
    void whatIsTakenOutIsLeftOutFromTheFirstNewStepOnInEveryPass() throws InterruptedException {
        ScriptedLog log = new ScriptedLog(true).partition(0, "ab", "cd", "!bad", "ef", "gh", "ij");
        Optional<Bounds> bounds = Optional.of(log.bounds(2));
        BatchAssembler before = assembler(log, log.start(), bounds, 3, 1);
        StepBatch first = before.next().orElseThrow();
        StepBatch second = before.next().orElseThrow();
        assertThat(texts(second)).containsExactly("def>efg");

        // When it goes on after the first, with the second to be made again
        Skip.Range range = Skip.Range.parse("0:1-4");
        BatchAssembler after = assembler(
                log.from(first.after()),
                new SeenIds(WINDOW),
                new SkipRanges(List.of(), List.of(range)),
                first.after(),
                bounds,
                3,
                1,
                List.of(second.composition()));
        List<StepBatch> steps = drain(after);

        // Then what had been read stays, and the bad record is a dead letter of the step that it was read for
        assertThat(steps.stream().map(step -> texts(step).getFirst()))
                .containsExactly("def>efg", "ghi>hij", "jab>abi", "ij_>j__");
        assertThat(steps.get(0).skips()).isEmpty();
        assertThat(steps.get(0).composition()).isEqualTo(second.composition());
        assertThat(steps.get(1).skips())
                .containsExactly(
                        new Skip(range, second.after().partitions().getFirst().examined()));
        assertThat(steps.get(2).skips()).isEmpty();
        assertThat(after.cursor().counts().skipped()).isEqualTo(4);
    }

    @Test
    void aRangeOfAPartitionThatTheRunDoesNotHaveIsRefused() {
        ScriptedLog log = new ScriptedLog(true).partition(0, "abcd");
        BatchAssembler assembler = assembler(
                log,
                new SeenIds(WINDOW),
                new SkipRanges(List.of(), List.of(new Skip.Range(3, 0, 1))),
                log.start(),
                Optional.of(log.bounds(1)),
                2,
                1,
                List.of());

        assertThatThrownBy(assembler::next)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("millrace.intake.skip names partition 3, the run has [0]");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "1", "0:5", "0:9-5", "a:1-2", "0:1-2;1:2-3", "-1:0-5", "0:1-99999999999999999999"})
    void whatIsNoRangeIsRefusedByName(String text) {
        assertThatThrownBy(() -> Skip.Range.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("millrace.intake.skip = " + text);
    }

    /// Ranges that come at random steps, crashes before and after, with and without steps that are to be made again.
    @Test
    void stepsFromWhichSomethingWasTakenOutAreMadeAgainAsTheyWere() throws IOException, InterruptedException {
        Random random = new Random(20261124);
        int begun = 0;
        for (int round = 0; round < 2_000; round++) {
            ScriptedLog log = randomLog(random);
            Optional<Bounds> bounds = Optional.of(log.bounds(1 + random.nextInt(3)));
            int length = 1 + random.nextInt(5);
            int perStep = 1 + random.nextInt(3);
            SeenIds seen = new SeenIds(WINDOW);
            List<StepBatch> plain = drain(assembler(log, seen, log.start(), bounds, length, perStep, List.of()));
            int crash = random.nextInt(plain.size() + 1);
            int recorded = crash + random.nextInt(plain.size() - crash + 1);
            int first = random.nextInt(10);
            List<Skip.Range> asked = List.of(new Skip.Range(0, first, first + random.nextInt(4)));

            // A run that goes on after a crash, and from its first new step on leaves something out
            Cursor start = crash == 0 ? log.start() : plain.get(crash - 1).after();
            SeenIds then = stored(directory, seen, start);
            List<StepBatch> skipping = drain(assembler(
                    log.from(start),
                    then,
                    new SkipRanges(List.of(), asked),
                    start,
                    bounds,
                    length,
                    perStep,
                    compositions(plain.subList(crash, recorded))));
            assertSame(skipping.subList(0, recorded - crash), plain.subList(crash, recorded));

            // Another crash: made again from there, all of it or some of it being recorded, it is the same
            int again = random.nextInt(skipping.size() + 1);
            Cursor restart = again == 0 ? start : skipping.get(again - 1).after();
            List<Skip> until = skipping.subList(0, again).stream()
                    .flatMap(step -> step.skips().stream())
                    .toList();
            begun += until.size();
            int known = Math.max(again, Math.min(skipping.size(), recorded - crash + random.nextInt(3)));
            List<StepBatch> repeated = drain(assembler(
                    log.from(restart),
                    stored(directory, then, restart),
                    new SkipRanges(until, asked),
                    restart,
                    bounds,
                    length,
                    perStep,
                    compositions(skipping.subList(again, known))));
            assertSame(repeated, skipping.subList(again, skipping.size()));
        }
        assertThat(begun).as("runs that had begun to leave something out").isGreaterThan(100);
    }
}
