package dev.millrace.trainer.ledger;

import static dev.millrace.trainer.ledger.LedgerSteps.result;
import static dev.millrace.trainer.ledger.LedgerSteps.step;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.trainer.batch.Composition;
import dev.millrace.trainer.batch.Skip;
import dev.millrace.trainer.pack.Position;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StepLedgerTest {
    @TempDir
    private Path directory;

    private final List<String> complaints = new ArrayList<>();

    @Test
    void answersForSteps() throws IOException {
        // Given
        try (StepLedger ledger = open(0)) {
            ledger.begin(step(0, 0, 3, 5));
            ledger.end(result(2.5));
            ledger.begin(step(0, 3, 7, 0));
        }
        LedgerReader reader = LedgerReader.in(directory);

        // Then
        LedgerEntry first = reader.step(1).orElseThrow();
        assertThat(first.composition()).isEqualTo(step(0, 0, 3, 5));
        assertThat(first.result()).isEqualTo(result(2.5));
        assertThat(reader.step(2).orElseThrow().result()).isNull();
        assertThat(reader.step(3)).isEmpty();
    }

    @Test
    void keepsTheRangesThatAStepBeganToLeaveOut() throws IOException {
        Skip skip = new Skip(new Skip.Range(0, 4, 9), new Position(0, 5, 0));
        Composition first = step(0, 0, 3, 5);
        Composition leaving = LedgerSteps.leaving(step(0, 3, 7, 0), skip);
        try (StepLedger ledger = open(0)) {
            ledger.begin(first);
            ledger.begin(leaving);
        }

        try (StepLedger ledger = open(1)) {
            assertThat(ledger.skips()).as("it begins again with its step").isEmpty();
            assertThat(ledger.ahead()).containsExactly(leaving);
        }
        try (StepLedger ledger = open(2)) {
            assertThat(ledger.skips()).containsExactly(skip);
        }
        LedgerReader reader = LedgerReader.in(directory);
        assertThat(Files.readAllLines(directory.resolve(StepLedger.FILE)).getFirst())
                .as("where there is none, nothing is said")
                .doesNotContain("skips");
        assertThat(reader.step(2).orElseThrow().composition()).isEqualTo(leaving);
    }

    @Test
    void hasWhatIsToBeDoneAgainAndTakesNothingElseForIt() throws IOException {
        // Given: three steps, and a checkpoint of the first
        try (StepLedger ledger = open(0)) {
            for (int i = 0; i < 3; i++) {
                ledger.begin(step(0, i, i + 1, 0));
                ledger.end(result(i));
            }
        }

        // When
        try (StepLedger ledger = open(1)) {
            assertThat(ledger.ahead()).containsExactly(step(0, 1, 2, 0), step(0, 2, 3, 0));
            ledger.begin(step(0, 1, 2, 0));
            ledger.end(result(1));

            // Then
            assertThatThrownBy(() -> ledger.begin(step(0, 2, 4, 0)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContainingAll("ledger.jsonl", "step 3", "Nothing is trained twice");
        }
        assertThat(lines().stream().filter(line -> line.startsWith("{\"step\":2,\"owner\":1,\"partitions\"")))
                .as("compositions of step 2")
                .hasSize(1);
    }

    @Test
    void cutsOffALineThatACrashTore() throws IOException {
        try (StepLedger ledger = open(0)) {
            ledger.begin(step(0, 0, 1, 0));
        }
        Files.writeString(file(), "{\"step\":1,\"resu", StandardOpenOption.APPEND);
        assertThat(LedgerReader.in(directory).step(1)).isPresent();

        try (StepLedger ledger = open(0)) {
            assertThat(ledger.ahead()).hasSize(1);
            assertThat(complaints).singleElement().asString().contains("ledger.jsonl", "cut off after 15 bytes");
            ledger.begin(step(0, 0, 1, 0));
            ledger.end(result(1));
        }
        assertThat(LedgerReader.in(directory).step(1).orElseThrow().result()).isEqualTo(result(1));
    }

    @Test
    void refusesALedgerThatLacksSteps() throws IOException {
        try (StepLedger ledger = open(0)) {
            for (int i = 0; i < 3; i++) {
                ledger.begin(step(0, i, i + 1, 0));
            }
        }
        assertThatThrownBy(() -> open(4))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll("ends with step 3", "checkpoint is of step 4");

        List<String> lines = lines();
        Files.write(file(), List.of(lines.get(0), lines.get(1), lines.get(3)));
        assertThatThrownBy(() -> open(1)).isInstanceOf(IOException.class).hasMessageContaining("step 3 follows step 1");

        Files.write(file(), List.of(lines.get(0), lines.get(1), "{\"step\":2,\"owner\":1,\"partitions\":7}"));
        assertThatThrownBy(() -> open(1))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll("ledger.jsonl", "line 3");
    }

    @Test
    void aStepThatComesOutOtherwiseThanBeforeStopsTheRun() throws IOException {
        try (StepLedger ledger = open(0)) {
            ledger.begin(step(0, 1, 2, 0));
            ledger.end(result(1));
        }

        try (StepLedger again = open(0)) {
            again.begin(step(0, 1, 2, 0));
            assertThatThrownBy(() -> again.end(result(1.25)))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("step 1 was done before a crash");
        }
        try (StepLedger elsewhere = open(0)) {
            elsewhere.expectOtherResults();
            elsewhere.begin(step(0, 1, 2, 0));
            assertThatCode(() -> elsewhere.end(result(1.25))).doesNotThrowAnyException();
        }
    }

    @Test
    void whatAnOwnerAddsAfterAnotherHasTakenTheRunIsNoneOfTheRuns() throws IOException {
        LedgerReader following = LedgerReader.in(directory);
        try (StepLedger old = StepLedger.open(directory, 0, 1, complaints::add)) {
            old.begin(step(0, 0, 1, 0));
            old.end(result(1));
            old.begin(step(0, 1, 2, 0));
            try (StepLedger next = StepLedger.open(directory, 1, 2, complaints::add)) {
                assertThat(next.ahead()).as("begun before").containsExactly(step(0, 1, 2, 0));

                // When both write, and what they make differs
                old.end(result(2));
                old.begin(step(0, 2, 9, 0));
                next.begin(step(0, 1, 2, 0));
                old.end(result(3));
                next.end(result(2.5));
                old.begin(step(0, 9, 12, 0));
                next.begin(step(0, 2, 3, 0));
                next.end(result(3.5));
            }
            old.begin(step(0, 12, 14, 0));
        }
        assertThat(complaints).isEmpty();

        // Then
        for (LedgerReader reader : List.of(following, LedgerReader.in(directory), following)) {
            List<LedgerEntry> entries = reader.between(0, 9);
            assertThat(entries.stream().map(LedgerEntry::composition))
                    .containsExactly(step(0, 0, 1, 0), step(0, 1, 2, 0), step(0, 2, 3, 0));
            assertThat(entries.stream().map(LedgerEntry::result)).containsExactly(result(1), result(2.5), result(3.5));
            assertThat(reader.between(2, 3)).containsExactly(entries.getLast());
        }
        try (StepLedger third = StepLedger.open(directory, 1, 3, complaints::add)) {
            assertThat(third.ahead()).containsExactly(step(0, 1, 2, 0), step(0, 2, 3, 0));
            assertThat(third.recorded()).isEqualTo(3);
        }
        assertThat(complaints)
                .singleElement()
                .asString()
                .contains("ledger.jsonl: 5 lines are passed over, the last of owner 1");
    }

    @Test
    void anOwnerWhoseNumberIsNotTheHighestIsRefused() throws IOException {
        StepLedger.open(directory, 0, 5, complaints::add).close();

        assertThatThrownBy(() -> StepLedger.open(directory, 0, 4, complaints::add))
                .isInstanceOf(IOException.class)
                .hasMessageContainingAll("lines of owner 5, and this is owner 4", ".owner", "write 5 into it");
    }

    @Test
    void aByteThatFlippedIsFoundInWhateverLineItStands() throws IOException {
        try (StepLedger ledger = open(0)) {
            for (int i = 0; i < 2; i++) {
                ledger.begin(step(0, i, i + 1, 0));
                ledger.end(result(i));
            }
        }
        byte[] whole = Files.readAllBytes(file());
        int line = 1;
        // But for the very last, without which the last line is one that was torn.
        for (int at = 0; at < whole.length - 1; at++) {
            byte[] flipped = whole.clone();
            flipped[at] ^= 1;
            Files.write(file(), flipped);

            assertThatThrownBy(() -> open(0))
                    .as("byte %d", at)
                    .isInstanceOf(IOException.class)
                    .hasMessageContainingAll("ledger.jsonl, line " + line + " is not what was written");
            line += whole[at] == '\n' ? 1 : 0;
        }
    }

    @Test
    void aLedgerOfBeforeThereWereOwnersAndReasonsIsGoneOnWith() throws IOException {
        try (StepLedger ledger = open(0)) {
            ledger.begin(step(0, 0, 1, 0));
            ledger.end(result(1));
            ledger.begin(step(0, 1, 2, 0));
        }
        List<String> before = lines().stream()
                .skip(1)
                .map(line -> line.replaceAll("\"owner\":1,|,\"untrained\":\\[]|,\"crc\":\"[0-9a-f]{8}\"", ""))
                .toList();
        assertThat(before.getFirst()).startsWith("{\"step\":1,\"partitions\"");
        assertThat(String.join("", before)).doesNotContain("owner", "untrained", "crc");
        Files.write(file(), before);

        try (StepLedger ledger = open(1)) {
            assertThat(ledger.ahead()).hasSize(1);
            ledger.begin(step(0, 1, 2, 0));
            ledger.end(result(2));
        }
        List<LedgerEntry> entries = LedgerReader.in(directory).between(0, 9);
        assertThat(entries.stream().map(LedgerEntry::result)).containsExactly(result(1), result(2));
        assertThat(entries)
                .allSatisfy(entry -> assertThat(entry.composition().untrained()).isNull());
    }

    @Test
    void aReplayHasTheStepsOfTheRunThatItReplaysAndOwnersOfItsOwn() throws IOException {
        try (StepLedger ledger = StepLedger.open(directory, 0, 7, complaints::add)) {
            ledger.begin(step(0, 0, 1, 0));
            ledger.end(result(1));
            ledger.begin(step(0, 1, 2, 0));
        }
        Path replay = Files.createDirectory(directory.resolve("replay"));

        LedgerReader.beside(directory.resolve("step-000000000001")).copyTo(replay);

        try (StepLedger ledger = StepLedger.open(replay, 1, 1, complaints::add)) {
            assertThat(ledger.ahead()).containsExactly(step(0, 1, 2, 0));
            ledger.begin(step(0, 1, 2, 0));
        }
        assertThat(LedgerReader.in(replay).between(0, 9))
                .isEqualTo(LedgerReader.in(directory).between(0, 9));
    }

    private StepLedger open(long step) throws IOException {
        return StepLedger.open(directory, step, 1, complaints::add);
    }

    private Path file() {
        return directory.resolve(StepLedger.FILE);
    }

    private List<String> lines() throws IOException {
        return Files.readAllLines(file());
    }
}
