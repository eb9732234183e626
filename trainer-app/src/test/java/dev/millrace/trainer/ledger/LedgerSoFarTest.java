package dev.millrace.trainer.ledger;

import static dev.millrace.trainer.ledger.LedgerSteps.numbers;
import static dev.millrace.trainer.ledger.LedgerSteps.result;
import static dev.millrace.trainer.ledger.LedgerSteps.step;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LedgerSoFarTest {
    @TempDir
    private Path directory;

    @Test
    void aStartReadsEachLineOnce() throws IOException {
        // Given four steps, of which two are published and three in a checkpoint
        write(4);
        LedgerSoFar soFar = LedgerSoFar.read(directory, 3, 2);

        // When what was read can be read no more
        byte[] bytes = Files.readAllBytes(file());
        int third = Files.readString(file()).indexOf("{\"step\":3,");
        Arrays.fill(bytes, 0, third - 1, (byte) '#');
        Files.write(file(), bytes);
        assertThatThrownBy(() -> LedgerReader.in(directory).between(2, 4)).isInstanceOf(IOException.class);

        // Then a run goes on, and finds what it is to publish
        LedgerReader reader = soFar.reader();
        try (StepLedger ledger = StepLedger.open(soFar, 1, _ -> {})) {
            assertThat(ledger.ahead()).containsExactly(step(0, 4, 5, 0));
            ledger.begin(step(0, 4, 5, 0));
            ledger.end(result(4));
            ledger.begin(step(0, 5, 6, 0));
            ledger.end(result(5));
        }
        List<LedgerEntry> entries = reader.between(2, 5);
        assertThat(numbers(entries)).containsExactly(3L, 4L, 5L);
        assertThat(entries).allSatisfy(entry -> assertThat(entry.result()).isNotNull());
    }

    @Test
    void whereAllIsPublishedOrNothingTheReaderFindsWhatFollows() throws IOException {
        write(2);

        for (long published : new long[] {-1, 0, 1, 2}) {
            LedgerReader reader = LedgerSoFar.read(directory, 2, published).reader();
            try (StepLedger ledger = StepLedger.open(directory, 2, 1, _ -> {})) {
                assertThat(ledger.recorded()).isGreaterThanOrEqualTo(2);
            }
            assertThat(reader.between(published, 2))
                    .as("after %d", published)
                    .isEqualTo(LedgerReader.in(directory).between(published, 2));
        }
        LedgerReader reader = LedgerSoFar.read(directory, 2, 2).reader();
        try (StepLedger ledger = StepLedger.open(directory, 2, 1, _ -> {})) {
            ledger.begin(step(0, 3, 4, 0));
            ledger.end(result(3));
        }
        assertThat(numbers(reader.between(2, 3))).containsExactly(3L);
    }

    @Test
    void whatAnotherAddsBetweenReadingAndOpeningCounts() throws IOException {
        write(1);
        LedgerSoFar soFar = LedgerSoFar.read(directory, 1, 1);
        try (StepLedger other = StepLedger.open(directory, 1, 1, _ -> {})) {
            other.begin(step(0, 2, 3, 0));
            Files.writeString(file(), "{\"step\":2,\"resu", StandardOpenOption.APPEND);

            try (StepLedger ledger = StepLedger.open(soFar, 2, _ -> {})) {
                assertThat(ledger.ahead()).containsExactly(step(0, 2, 3, 0));
                assertThat(ledger.recorded()).isEqualTo(2);
            }
        }
    }

    @Test
    void tellsFromWhichStepOnSettingsAreOthers() throws IOException {
        SortedMap<String, SettingsChange.Change> threads =
                new TreeMap<>(Map.of("threads", new SettingsChange.Change("8", "4")));
        try (StepLedger ledger = StepLedger.open(directory, 0, 1, _ -> {})) {
            ledger.begin(step(0, 0, 3, 5));
            ledger.end(result(2.5));
            ledger.change(threads);
        }

        // It is no step, and a run goes on after it
        try (StepLedger ledger = StepLedger.open(directory, 1, 1, _ -> {})) {
            assertThat(ledger.ahead()).isEmpty();
            ledger.begin(step(0, 3, 7, 0));
        }
        assertThat(LedgerSoFar.read(directory, 0, 0).changes()).containsExactly(new SettingsChange(2, threads));
        assertThat(LedgerSoFar.read(directory, 1, 0).changes()).containsExactly(new SettingsChange(2, threads));
        assertThat(LedgerSoFar.read(directory, 2, 0).changes()).isEmpty();
        assertThat(LedgerReader.in(directory).step(2).orElseThrow().composition())
                .isEqualTo(step(0, 3, 7, 0));
    }

    @Test
    void aReaderThatGoesOnWhereItEndedSeesWhatOneThatBeginsAnewSees() throws IOException {
        LedgerReader following = LedgerReader.in(directory);
        try (StepLedger ledger = StepLedger.open(directory, 0, 1, _ -> {})) {
            for (int step = 1; step <= 4; step++) {
                ledger.begin(step(0, step, step + 1, 0));
                ledger.end(result(step));
            }
            ledger.begin(step(0, 5, 6, 0));
        }
        assertThat(numbers(following.between(0, 2))).containsExactly(1L, 2L);

        // When a crash has undone steps, they are done again, and others follow
        try (StepLedger ledger = StepLedger.open(directory, 2, 1, _ -> {})) {
            for (int step = 3; step <= 7; step++) {
                ledger.begin(step(0, step, step + 1, 0));
                ledger.end(result(step));
            }
        }

        // Then
        for (long upTo = 3; upTo <= 7; upTo++) {
            assertThat(following.between(upTo - 1, upTo))
                    .hasSize(1)
                    .isEqualTo(LedgerReader.in(directory).between(upTo - 1, upTo))
                    .allSatisfy(entry -> assertThat(entry.result()).isNotNull());
        }
        assertThat(following.between(7, 9)).isEmpty();
        assertThat(numbers(following.between(0, 7))).containsExactly(1L, 2L, 3L, 4L, 5L, 6L, 7L);
    }

    private void write(int steps) throws IOException {
        try (StepLedger ledger = StepLedger.open(directory, 0, 1, _ -> {})) {
            for (int i = 1; i <= steps; i++) {
                ledger.begin(step(0, i, i + 1, 0));
                ledger.end(result(i));
            }
        }
    }

    private Path file() {
        return directory.resolve(StepLedger.FILE);
    }
}
