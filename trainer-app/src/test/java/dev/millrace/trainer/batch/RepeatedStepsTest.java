package dev.millrace.trainer.batch;

import static dev.millrace.trainer.batch.Assemblies.WINDOW;
import static dev.millrace.trainer.batch.Assemblies.assembler;
import static dev.millrace.trainer.batch.Assemblies.drain;
import static dev.millrace.trainer.batch.Assemblies.randomLog;
import static dev.millrace.trainer.batch.Assemblies.reported;
import static dev.millrace.trainer.batch.Assemblies.stored;
import static dev.millrace.trainer.batch.Assemblies.texts;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.trainer.intake.IntakeFailedException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The guarantee that resuming stands on: what was made is made again.
class RepeatedStepsTest {
    @TempDir
    Path directory;

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
            BatchAssembler resumed = assembler(
                    whole.from(cursor), stored(directory, seen, cursor), cursor, bounds, length, perStep, List.of());
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
                    grown.from(start),
                    stored(directory, seen, start),
                    start,
                    Optional.empty(),
                    length,
                    windowsPerStep,
                    recorded);

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
}
