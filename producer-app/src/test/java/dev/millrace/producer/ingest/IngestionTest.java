package dev.millrace.producer.ingest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.ZstdOutputStream;
import dev.millrace.producer.document.Fault;
import dev.millrace.producer.source.FileAccess;
import dev.millrace.producer.source.FileTree;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class IngestionTest extends IngestionTrial {
    @Test
    void aFileIsReadOnceHoweverOftenItIsIngested() throws Exception {
        Path file = write("a.jsonl", "{\"text\":\"1\",\"id\":1}\r\n\n{broken\n{\"text\":\"2\",\"id\":2}");

        Totals first = ingest(file);
        Totals second = ingest(file);

        assertThat(memory.visible()).containsExactly("1", "2");
        assertThat(first).isEqualTo(new Totals(3, 2, 1, 0, first.bytes()));
        assertThat(second).isEqualTo(Totals.NONE);
        assertThat(told).anyMatch(line -> line.contains("a.jsonl line 3 rejected: broken JSON"));
    }

    @ParameterizedTest
    @EnumSource
    void whatIsRejectedIsCountedByReasonOnceHoweverACommitFails(MemoryLog.Failure failure) throws Exception {
        Path file = write("a.jsonl", "{broken\n{\"text\":\"1\"}\n{}\n[]\n");
        memory.failCommit(3, failure, new KafkaException("away"));

        ingest(file);

        assertThat(rejected).isEqualTo(Map.of(Fault.SYNTAX, 2L, Fault.MISSING, 1L));
        assertThat(told).last().asString().startsWith("done: ").endsWith("; rejected: 2 syntax, 1 missing");
    }

    @Test
    void whatIsAppendedToAFileIsReadByTheNextRun() throws Exception {
        Path file = write("a.jsonl", "{\"text\":\"1\",\"id\":1}\n");
        ingest(file);
        Files.writeString(file, Files.readString(file) + "{\"text\":\"2\",\"id\":2}\n");

        ingest(file);

        assertThat(memory.visible()).containsExactly("1", "2");
    }

    @Test
    void aLastLineThatIsStillBeingWrittenIsReadAgain() throws Exception {
        Path file = write("a.jsonl", "{\"text\":\"1\",\"id\":1}\n\n{\"text\":\"2\"");
        Totals first = ingest(file);
        Files.writeString(file, Files.readString(file) + ",\"id\":2}\n{\"text\":\"3\",\"id\":3}");

        Totals second = ingest(file);

        assertThat(first.rejected()).isOne();
        assertThat(second.rejected()).isZero();
        assertThat(memory.visible()).containsExactly("1", "2", "3");
        assertThat(told).anyMatch(line -> line.contains("a.jsonl line 3 rejected") && line.contains("next time"));
        assertThat(ingest(file)).isEqualTo(Totals.NONE);
    }

    @Test
    void aFileThatWasReplacedIsReadFromItsBeginning() throws Exception {
        Path file = write("a.jsonl", "{\"text\":\"1\",\"id\":1}\n");
        ingest(file);
        write("a.jsonl", "{\"text\":\"2\",\"id\":2}\n{\"text\":\"3\",\"id\":3}\n");

        ingest(file);

        assertThat(memory.visible()).containsExactly("1", "2", "3");
        assertThat(told).anyMatch(line -> line.contains("not the file that was read before"));
    }

    @Test
    void whatTheBrokerRefusesForGoodIsLeftOutAndNothingElseIs() throws Exception {
        Path file = lines("a.jsonl", 5);
        memory.refuse("3", new RecordTooLargeException("too large"));

        Totals totals = ingest(file);

        assertThat(memory.visible()).containsExactly("0", "1", "2", "4");
        assertThat(totals.failed()).isOne();
        assertThat(told).anyMatch(line -> line.contains("a.jsonl line 4 is left out"));
    }

    @Test
    void aStopWhileTheBrokerIsAwayIsNoFailure() throws Exception {
        // Given
        Path file = lines("a.jsonl", 5);
        Ingestion stopped = ingestion();
        memory.onSend(3, stopped::stop);
        memory.failCommit(3, MemoryLog.Failure.BEFORE, new KafkaException("away"));

        // When
        Ingestion.End end = stopped.run(FileTree.expand(file, FileAccess.ANY));

        // Then
        assertThat(end.stopped()).isTrue();
        assertThat(memory.visible()).isEmpty();
        assertThat(memory.phase()).isEqualTo(IngestionState.Phase.RUNNING);
    }

    @Test
    void whatWasCommittedWithoutAnAnswerCountsAsDone() throws Exception {
        Path file = write("a.jsonl", "{\"text\":\"1\",\"id\":1}\n{broken\n");
        memory.failCommit(3, MemoryLog.Failure.AFTER, new KafkaException("no answer"));

        Totals totals = ingest(file);

        assertThat(totals).isEqualTo(new Totals(2, 1, 1, 0, totals.bytes()));
        assertThat(memory.phase()).isEqualTo(IngestionState.Phase.INCOMPLETE);
    }

    @Test
    void aStopCommitsWhatWasReadAndTheNextRunGoesOn() throws Exception {
        Path file = lines("a.jsonl", 10);
        Ingestion stopped = ingestion();
        memory.onSend(3, stopped::stop);

        Ingestion.End end = stopped.run(FileTree.expand(file, FileAccess.ANY));

        assertThat(end.stopped()).isTrue();
        assertThat(memory.phase()).isEqualTo(IngestionState.Phase.RUNNING);
        assertThat(memory.visible()).containsExactly("0", "1", "2");
        ingest(file);
        assertThat(memory.visible()).containsExactly("0", "1", "2", "3", "4", "5", "6", "7", "8", "9");
        assertThat(memory.phase()).isEqualTo(IngestionState.Phase.DONE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"a.jsonl.gz", "a.jsonl.zst"})
    void aPackedFileIsReadAndResumedLikeAnyOther(String name) throws Exception {
        Path file = directory.resolve(name);
        try (OutputStream out = Files.newOutputStream(file);
                OutputStream packed = name.endsWith("gz") ? new GZIPOutputStream(out) : new ZstdOutputStream(out)) {
            packed.write(text(0, 10).getBytes(StandardCharsets.UTF_8));
        }
        Ingestion stopped = ingestion();
        memory.onSend(7, stopped::stop);
        stopped.run(FileTree.expand(file, FileAccess.ANY));

        ingest(file);

        assertThat(memory.visible()).hasSize(10).doesNotHaveDuplicates();
    }

    @Test
    void aFileThatIsNotWhatItsEndingSaysIsNamed() throws Exception {
        Path file = write("a.jsonl.gz", "no archive");

        assertThatThrownBy(() -> ingest(file)).isInstanceOf(IOException.class).hasMessageContaining("a.jsonl.gz");
    }

    @Test
    void aDirectoryIsReadByPathAPatternInPartAndATextFileIsOneDocument() throws Exception {
        write("files/b/text.txt", "two\nlines\n");
        write("files/a/lines.jsonl", "{\"text\":\"1\",\"id\":\"first\"}\n");
        write("files/c/picture.png", "no document");

        ingest(directory.resolve("files/**.jsonl"));
        assertThat(memory.visible()).containsExactly("first");
        ingest(directory.resolve("files"));

        assertThat(memory.visible()).hasSize(2);
        assertThat(memory.visible().getLast()).hasSize(64);
    }

    @Test
    void whateverFailsWhenEachLineIsSeenOnce() throws Exception {
        Random random = new Random(7);
        for (int round = 0; round < 300; round++) {
            MemoryLog log = new MemoryLog();
            List<String> expected = new ArrayList<>();
            Path root = directory.resolve("round-" + round);
            int files = 1 + random.nextInt(3);
            for (int each = 0; each < files; each++) {
                int first = each * 100;
                int count = random.nextInt(12);
                write(root.getFileName() + "/" + each + ".jsonl", text(first, count));
                for (int i = 0; i < count; i++) {
                    expected.add(Integer.toString(first + i));
                }
            }
            for (int failures = random.nextInt(4); failures > 0; failures--) {
                log.failCommit(
                        1 + random.nextInt(8),
                        random.nextBoolean() ? MemoryLog.Failure.BEFORE : MemoryLog.Failure.AFTER,
                        random.nextBoolean() ? new MemoryLog.Crash() : new ProducerFencedException("fenced"));
            }
            // A process that crashes is started again, as often as it takes.
            int starts = 0;
            boolean done = false;
            while (!done) {
                assertThat(++starts).as("at most three commits fail").isLessThanOrEqualTo(4);
                try {
                    ingestion(log, Duration.ZERO).run(FileTree.expand(root, FileAccess.ANY));
                    done = true;
                } catch (MemoryLog.Crash | IngestionFailedException again) {
                    // It is started again.
                }
            }
            assertThat(log.visible()).as("round %d", round).isEqualTo(expected);
        }
    }
}
