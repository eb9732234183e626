package dev.millrace.trainer.batch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.trainer.intake.RecordSource;
import dev.millrace.trainer.pack.Window;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/// Assemblers over scripted logs, and what they make of them, in words.
final class Assemblies {
    /// Small, so that ids leave it.
    static final int WINDOW = 3;

    private Assemblies() {}

    static List<Composition> compositions(List<StepBatch> steps) {
        return steps.stream().map(StepBatch::composition).toList();
    }

    static void assertSame(List<StepBatch> some, List<StepBatch> others) {
        assertThat(compositions(some)).isEqualTo(compositions(others));
        for (int i = 0; i < some.size(); i++) {
            assertThat(texts(some.get(i))).isEqualTo(texts(others.get(i)));
            assertThat(some.get(i).after()).isEqualTo(others.get(i).after());
            assertThat(reported(some.get(i).letters()))
                    .isEqualTo(reported(others.get(i).letters()));
        }
    }

    static ScriptedLog randomLog(Random random) {
        return randomLog(random, true);
    }

    static ScriptedLog randomLog(Random random, boolean bounded) {
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

    static BatchAssembler assembler(
            ScriptedLog log, Cursor start, Optional<Bounds> bounds, int length, int windowsPerStep) {
        return assembler(log, new SeenIds(WINDOW), start, bounds, length, windowsPerStep, List.of());
    }

    /// The ids as a run that goes on finds them in its checkpoint.
    static SeenIds stored(Path directory, SeenIds seen, Cursor cursor) throws IOException {
        seen.write(directory, cursor);
        return SeenIds.read(directory, WINDOW, cursor);
    }

    static BatchAssembler assembler(
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

    static BatchAssembler assembler(
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
                        length, windowsPerStep, Ramp.constant(1), bounds.isPresent() && length < 8 ? 100 : 3),
                0,
                start,
                bounds,
                recorded);
    }

    static List<StepBatch> drain(BatchAssembler assembler) throws InterruptedException {
        List<StepBatch> steps = new ArrayList<>();
        Optional<StepBatch> step = assembler.next();
        while (step.isPresent()) {
            steps.add(step.get());
            step = assembler.next();
        }
        return steps;
    }

    static List<String> reported(List<DeadLetter> letters) {
        return letters.stream()
                .map(letter ->
                        letter.record().partition() + "@" + letter.record().offset() + " " + letter.reason())
                .toList();
    }

    static List<String> texts(StepBatch step) {
        return step.windows().stream().map(Assemblies::text).toList();
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
