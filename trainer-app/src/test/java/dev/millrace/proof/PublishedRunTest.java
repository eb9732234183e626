package dev.millrace.proof;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.trainer.batch.Composition;
import dev.millrace.trainer.ledger.LedgerEntry;
import dev.millrace.trainer.ledger.StepResult;
import dev.millrace.trainer.pack.Position;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.junit.jupiter.api.Test;

class PublishedRunTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Instant NOON = Instant.parse("2026-11-25T12:00:00Z");
    private static final List<LedgerEntry> LEDGER = List.of(entry(1, 5.5, NOON), entry(2, 5.25, NOON));
    private static final SortedMap<Integer, OffsetAndMetadata> OFFSETS =
            new TreeMap<>(Map.of(0, new OffsetAndMetadata(7, "run@2"), 3, new OffsetAndMetadata(9, "run@2")));

    @Test
    void aRunThatHasPublishedItsLedgerAndItsPositionsIsFine() throws IOException {
        assertThat(problems(List.of(entry(1, 5.5, NOON), entry(2, 5.25, NOON)), OFFSETS))
                .isEmpty();
    }

    @Test
    void aStepThatWasDoneAgainAfterItWasPublishedMayHaveEndedLater() throws IOException {
        assertThat(problems(List.of(entry(1, 5.5, NOON), entry(2, 5.25, NOON.minusSeconds(9))), OFFSETS))
                .isEmpty();
    }

    @Test
    void aStepThatIsMissingOrRepeatedOrOutOfOrderIsFound() throws IOException {
        LedgerEntry first = LEDGER.getFirst();
        LedgerEntry second = LEDGER.getLast();
        for (List<LedgerEntry> wrong : List.of(
                List.of(first),
                List.of(first, second, second),
                List.of(first, first, second),
                List.of(second, first))) {
            assertThat(problems(wrong, OFFSETS)).singleElement().asString().contains("its ledger has 1 to 2");
        }
    }

    @Test
    void aStepWithAnotherResultIsFound() throws IOException {
        assertThat(problems(List.of(LEDGER.getFirst(), entry(2, 5, NOON)), OFFSETS))
                .hasSize(1);
    }

    @Test
    void anOffsetThatIsNotTheCheckpointsIsFound() throws IOException {
        SortedMap<Integer, OffsetAndMetadata> behind = new TreeMap<>(OFFSETS);
        behind.put(3, new OffsetAndMetadata(8, "run@2"));
        assertThat(problems(LEDGER, behind)).singleElement().asString().contains("{0=7, 3=8}", "{0=7, 3=9}");

        SortedMap<Integer, OffsetAndMetadata> without = new TreeMap<>(OFFSETS);
        without.remove(3);
        assertThat(problems(LEDGER, without)).hasSize(1);

        SortedMap<Integer, OffsetAndMetadata> foreign = new TreeMap<>(OFFSETS);
        foreign.put(3, new OffsetAndMetadata(9, ""));
        assertThat(problems(LEDGER, foreign)).singleElement().asString().contains("partition 3");
    }

    private static List<String> problems(List<LedgerEntry> published, SortedMap<Integer, OffsetAndMetadata> offsets)
            throws IOException {
        List<JsonNode> steps = published.stream().map(PublishedRunTest::parse).toList();
        JsonNode manifest = JSON.readTree("""
                {"step": 2, "cursor": {"partitions": [
                    {"partition": 0, "position": {"offset": 7}}, {"partition": 3, "position": {"offset": 9}}]}}""");
        return new PublishedRun("run", steps, offsets).problems(LEDGER, manifest);
    }

    private static JsonNode parse(LedgerEntry entry) {
        try {
            return JSON.readTree(entry.json());
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static LedgerEntry entry(long step, double loss, Instant time) {
        return new LedgerEntry(
                step,
                new Composition(
                        List.of(new Composition.Stretch(0, 1, new Position(0, step, 0), new Position(0, step + 1, 0))),
                        List.of(0),
                        List.of(),
                        0,
                        new TreeMap<>(),
                        List.of(),
                        List.of()),
                new StepResult(time, loss, 1, 0.001, 8, null));
    }
}
