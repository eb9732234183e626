package dev.millrace.trainer.batch;

import static dev.millrace.trainer.batch.Assemblies.assembler;
import static dev.millrace.trainer.batch.Assemblies.drain;
import static dev.millrace.trainer.batch.Assemblies.reported;
import static dev.millrace.trainer.batch.Assemblies.texts;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.trainer.intake.IntakeFailedException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class BatchAssemblerTest {
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
}
