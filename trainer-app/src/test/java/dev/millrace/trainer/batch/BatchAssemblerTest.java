package dev.millrace.trainer.batch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.trainer.intake.IntakeFailedException;
import dev.millrace.trainer.intake.RecordSource;
import dev.millrace.trainer.pack.Window;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BatchAssemblerTest {
    /// Small, so that ids leave it.
    private static final int WINDOW = 3;

    @TempDir
    Path directory;

    @Test
    void takesWindowsRoundRobinOverThePartitionsInAscendingOrder() throws InterruptedException {
        ScriptedLog log = new ScriptedLog(true).partition(0, "abcdefg").partition(1, "ABCDEFG");
        BatchAssembler assembler = assembler(log, log.start(), Optional.of(log.bounds(1)), 2, 3);

        assertThat(texts(assembler.next().orElseThrow())).containsExactly("ab>bc", "AB>BC", "cd>de");
        assertThat(texts(assembler.next().orElseThrow())).containsExactly("CD>DE", "ef>fg", "EF>FG");
        assertThat(assembler.next()).isEmpty();
    }

    @Test
    void passesAPartitionOverOnlyAtItsLogEndAndSaysSo() throws InterruptedException {
        ScriptedLog log = new ScriptedLog(false).partition(0, "ab").partition(1, "ABCDEFG");
        BatchAssembler assembler = assembler(log, log.start(), Optional.empty(), 2, 2);

        StepBatch step = assembler.next().orElseThrow();

        assertThat(texts(step)).containsExactly("AB>BC", "CD>DE");
        assertThat(step.passedOver()).containsExactly(0, 0);
    }

    @Test
    void tokensLeftAtTheEndOfAPassWaitForTheNextOne() throws InterruptedException {
        ScriptedLog log = new ScriptedLog(true).partition(0, "abc", "d");
        BatchAssembler assembler = assembler(log, log.start(), Optional.of(log.bounds(2)), 3, 1);

        assertThat(texts(assembler.next().orElseThrow())).containsExactly("abc>bcd");
        StepBatch second = assembler.next().orElseThrow();
        assertThat(texts(second)).containsExactly("dab>abc");
        assertThat(second.after().epoch()).isEqualTo(1);
        assertThat(texts(assembler.next().orElseThrow())).containsExactly("cd_>d__");
        assertThat(assembler.next()).isEmpty();
    }

    @Test
    void reportsABadRecordOnceOverPassesAndCountsEachRecord() throws InterruptedException {
        ScriptedLog log = new ScriptedLog(true).partition(0, "abcd", "!broken", "?image", "efgh");
        BatchAssembler assembler = assembler(log, log.start(), Optional.of(log.bounds(2)), 4, 1);

        List<DeadLetter> letters = new ArrayList<>();
        drain(assembler).forEach(step -> letters.addAll(step.letters()));
        letters.addAll(assembler.takeLetters());

        assertThat(reported(letters)).containsExactly("0@1 !broken");
        assertThat(assembler.cursor().counts()).isEqualTo(new Cursor.Counts(8, 42, 16, 2, 0, 2));
    }

    @Test
    void aDocumentWhoseIdWasSeenInTheWindowIsLeftOutInEachPass() throws InterruptedException {
        ScriptedLog log =
                new ScriptedLog(true).partition(0, "#1ab", "#1XX", "cd", "cd", "#2ef", "#3gh", "#4ij", "#1kl", "#4XX");
        BatchAssembler assembler = assembler(log, log.start(), Optional.of(log.bounds(2)), 27, 1);

        StepBatch step = assembler.next().orElseThrow();

        // Three ids fit: after 2, 3 and 4 the first is forgotten.
        assertThat(texts(step).getFirst()).startsWith("abcdcdefghijklabcdcdefghijk>");
        assertThat(drain(assembler)).isEmpty();
        assertThat(assembler.cursor().counts().duplicates()).isEqualTo(4);
    }

    @Test
    void aRecordThatChangedSinceTheCheckpointIsRefused() throws InterruptedException {
        ScriptedLog log = new ScriptedLog(true).partition(0, "abc", "defgh");
        StepBatch step = assembler(log, log.start(), Optional.of(log.bounds(1)), 4, 1)
                .next()
                .orElseThrow();
        assertThat(step.after().partitions().getFirst().position().token()).isOne();
        ScriptedLog changed = new ScriptedLog(true).partition(0, "abc", "dEfgh");

        BatchAssembler resumed =
                assembler(changed.from(step.after()), step.after(), Optional.of(changed.bounds(1)), 4, 1);

        assertThatThrownBy(() -> drain(resumed))
                .isInstanceOf(IntakeFailedException.class)
                .hasMessageContaining("documents-0@1 is not the record");
    }

    @Test
    void stopsWhenTooManyRecordsInARowAreBad() {
        ScriptedLog log = new ScriptedLog(true).partition(0, "ab", "!1", "!2", "cd", "!3", "!4", "!5");
        BatchAssembler assembler = assembler(log, log.start(), Optional.of(log.bounds(1)), 8, 1);

        assertThatThrownBy(() -> drain(assembler))
                .isInstanceOf(IntakeFailedException.class)
                .hasMessageContaining("documents-0 up to @6")
                .hasMessageContaining("millrace.intake.max-consecutive-bad");
    }

    /// The guarantee that resuming stands on: random logs, epochs, step sizes, and a crash after any step.
    @Test
    void anAssemblerThatStartsAtTheCursorOfAStepGoesOnWithTheSameSteps() throws IOException, InterruptedException {
        Random random = new Random(20261123);
        for (int round = 0; round < 2_000; round++) {
            ScriptedLog whole = randomLog(random);
            int epochs = 1 + random.nextInt(3);
            int length = 1 + random.nextInt(6);
            int perStep = 1 + random.nextInt(4);
            Optional<Bounds> bounds = Optional.of(whole.bounds(epochs));
            SeenIds seen = new SeenIds(WINDOW);
            BatchAssembler undisturbed = assembler(whole, seen, whole.start(), bounds, length, perStep, List.of());
            List<StepBatch> steps = drain(undisturbed);

            int crash = random.nextInt(steps.size() + 1);
            Cursor cursor = crash == 0 ? whole.start() : steps.get(crash - 1).after();
            BatchAssembler resumed =
                    assembler(whole.from(cursor), stored(seen, cursor), cursor, bounds, length, perStep, List.of());
            List<StepBatch> rest = drain(resumed);

            assertThat(rest).as("round %d after step %d", round, crash).hasSize(steps.size() - crash);
            for (int i = 0; i < rest.size(); i++) {
                assertThat(texts(rest.get(i))).isEqualTo(texts(steps.get(crash + i)));
                assertThat(rest.get(i).after()).isEqualTo(steps.get(crash + i).after());
                assertThat(reported(rest.get(i).letters()))
                        .isEqualTo(reported(steps.get(crash + i).letters()));
            }
            assertThat(resumed.cursor()).isEqualTo(undisturbed.cursor());
            assertThat(reported(resumed.takeLetters()))
                    .as("past the last step")
                    .isEqualTo(reported(undisturbed.takeLetters()));
        }
    }

    @Test
    void makesTheStepsOfAGrowingTopicAgainAsTheyWereRecorded() throws IOException, InterruptedException {
        Random random = new Random(4);
        for (int round = 0; round < 3000; round++) {
            // Given: steps made while the topic grew
            ScriptedLog grown = randomLog(random, false);
            int length = 1 + random.nextInt(5);
            int windowsPerStep = 1 + random.nextInt(3);
            GrowingLog growing = new GrowingLog(grown, random);
            SeenIds seen = new SeenIds(WINDOW);
            BatchAssembler live =
                    assembler(growing, seen, grown.start(), Optional.empty(), length, windowsPerStep, List.of());
            List<StepBatch> steps = new ArrayList<>();
            try {
                while (true) {
                    steps.add(live.next().orElseThrow());
                }
            } catch (InterruptedException allIsRead) {
                // Nothing more is scripted: the last step stays unmade.
            } catch (IntakeFailedException tooManyBad) {
                // Random records may be bad three times in a row.
                continue;
            }

            // When: a crash, and the whole log is there at once
            int crash = random.nextInt(steps.size() + 1);
            Cursor start = crash == 0 ? grown.start() : steps.get(crash - 1).after();
            List<Composition> recorded = steps.subList(crash, steps.size()).stream()
                    .map(StepBatch::composition)
                    .toList();
            BatchAssembler again = assembler(
                    grown.from(start), stored(seen, start), start, Optional.empty(), length, windowsPerStep, recorded);

            // Then
            for (StepBatch step : steps.subList(crash, steps.size())) {
                StepBatch repeated = again.next().orElseThrow();
                assertThat(texts(repeated)).isEqualTo(texts(step));
                assertThat(repeated.after()).isEqualTo(step.after());
                assertThat(reported(repeated.letters())).containsExactlyInAnyOrderElementsOf(reported(step.letters()));
                assertThat(repeated.composition()).isEqualTo(step.composition());
            }
        }
    }

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
            SeenIds then = stored(seen, start);
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
                    stored(then, restart),
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

    private static List<Composition> compositions(List<StepBatch> steps) {
        return steps.stream().map(StepBatch::composition).toList();
    }

    private static void assertSame(List<StepBatch> some, List<StepBatch> others) {
        assertThat(compositions(some)).isEqualTo(compositions(others));
        for (int i = 0; i < some.size(); i++) {
            assertThat(texts(some.get(i))).isEqualTo(texts(others.get(i)));
            assertThat(some.get(i).after()).isEqualTo(others.get(i).after());
            assertThat(reported(some.get(i).letters()))
                    .isEqualTo(reported(others.get(i).letters()));
        }
    }

    private static ScriptedLog randomLog(Random random) {
        return randomLog(random, true);
    }

    private static ScriptedLog randomLog(Random random, boolean bounded) {
        ScriptedLog log = new ScriptedLog(bounded);
        int partitions = 1 + random.nextInt(4);
        for (int partition = 0; partition < partitions; partition++) {
            String[] values = new String[random.nextInt(10)];
            for (int i = 0; i < values.length; i++) {
                values[i] = switch (random.nextInt(8)) {
                    case 0 -> "!bad";
                    case 1 -> "?image";
                    case 2, 3 -> "#" + random.nextInt(6) + "with id".substring(random.nextInt(7));
                    default ->
                        random.ints(random.nextInt(9), 'a', 'z' + 1)
                                .collect(
                                        StringBuilder::new,
                                        (text, letter) -> text.append((char) letter),
                                        StringBuilder::append)
                                .toString();
                };
            }
            log.partition(partition * 2, values);
        }
        return log;
    }

    private BatchAssembler assembler(
            ScriptedLog log, Cursor start, Optional<Bounds> bounds, int length, int windowsPerStep) {
        return assembler(log, new SeenIds(WINDOW), start, bounds, length, windowsPerStep, List.of());
    }

    /// The ids as a run that goes on finds them in its checkpoint.
    private SeenIds stored(SeenIds seen, Cursor cursor) throws IOException {
        seen.write(directory, cursor);
        return SeenIds.read(directory, WINDOW, cursor);
    }

    private BatchAssembler assembler(
            RecordSource log,
            SeenIds seen,
            Cursor start,
            Optional<Bounds> bounds,
            int length,
            int windowsPerStep,
            List<Composition> recorded) {
        return assembler(
                log, seen, new SkipRanges(List.of(), List.of()), start, bounds, length, windowsPerStep, recorded);
    }

    private static BatchAssembler assembler(
            RecordSource log,
            SeenIds seen,
            SkipRanges skips,
            Cursor start,
            Optional<Bounds> bounds,
            int length,
            int windowsPerStep,
            List<Composition> recorded) {
        return new BatchAssembler(
                log,
                ScriptedLog::read,
                seen,
                skips,
                new BatchAssembler.Shape(
                        length, windowsPerStep, BatchRamp.constant(1), bounds.isPresent() && length < 8 ? 100 : 3),
                0,
                start,
                bounds,
                recorded);
    }

    private static List<StepBatch> drain(BatchAssembler assembler) throws InterruptedException {
        List<StepBatch> steps = new ArrayList<>();
        Optional<StepBatch> step = assembler.next();
        while (step.isPresent()) {
            steps.add(step.get());
            step = assembler.next();
        }
        return steps;
    }

    private static List<String> reported(List<DeadLetter> letters) {
        return letters.stream()
                .map(letter ->
                        letter.record().partition() + "@" + letter.record().offset() + " " + letter.reason())
                .toList();
    }

    private static List<String> texts(StepBatch step) {
        return step.windows().stream().map(BatchAssemblerTest::text).toList();
    }

    private static String text(Window window) {
        int[] row = new int[window.length()];
        window.copyInputs(row, 0);
        String inputs = letters(row);
        window.copyTargets(row, 0);
        return inputs + ">" + letters(row);
    }

    private static String letters(int[] ids) {
        StringBuilder text = new StringBuilder();
        for (int id : ids) {
            text.append(id <= 0 ? '_' : (char) id);
        }
        return text.toString();
    }
}
