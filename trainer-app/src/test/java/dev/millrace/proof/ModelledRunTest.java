package dev.millrace.proof;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.trainer.batch.BatchAssembler;
import dev.millrace.trainer.batch.Bounds;
import dev.millrace.trainer.batch.Ramp;
import dev.millrace.trainer.batch.Skip;
import dev.millrace.trainer.intake.SimulatedTopic;
import dev.millrace.trainer.ledger.LedgerEntry;
import dev.millrace.trainer.ledger.LedgerReader;
import dev.millrace.trainer.ledger.Lineage;
import dev.millrace.trainer.pack.Position;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.utils.Utils;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What was trained is a function of the log: thousands of random logs, interleavings and deaths, each in
/// milliseconds, with the real ledger on a real file. A failure names the seed that repeats it.
class ModelledRunTest {
    /// `-Dprove.cases=20000` tries more.
    private static final int CASES = Integer.getInteger("prove.cases", 600);
    /// Where a force to the disk costs nothing.
    private static final Path MEMORY = Path.of("/dev/shm");

    private Path directory;

    @BeforeEach
    void make() throws IOException {
        directory = Files.isWritable(MEMORY)
                ? Files.createTempDirectory(MEMORY, "millrace-")
                : Files.createTempDirectory("millrace-");
    }

    @AfterEach
    void remove() throws IOException {
        Utils.delete(directory.toFile());
    }

    @Test
    void aRunOfEpochsMakesTheSameStepsHoweverItPollsAndWhateverDiesWhen() throws IOException {
        int deaths = 0;
        int usurped = 0;
        int takenOut = 0;
        for (int seed = 0; seed < CASES; seed++) {
            Random random = new Random(seed);
            SimulatedTopic topic = SimulatedTopic.random(random, ModelledRunTest::value);
            Optional<Bounds> bounds = Optional.of(bounds(topic, 1 + random.nextInt(3)));
            BatchAssembler.Shape shape = shape(random);

            ModelledRun run = new ModelledRun(own(seed), topic, random, shape, bounds, 15 + random.nextInt(60));
            run.run();

            deaths += run.deaths();
            usurped += run.usurped();
            takenOut += run.skips().size();
            assertThat(run.learned())
                    .as("seed %d", seed)
                    .isEqualTo(ModelledRun.calm(topic.whole(ends(bounds.get())), topic, shape, bounds, run.skips()));
            assertPublishedOnce(seed, run, bad(topic, ends(bounds.get()), run.skips()));
            if (seed % 10 == 0) {
                // Each is answered by the whole ledger: of some runs, for the time it takes.
                assertEachRecordIsExplained(seed, topic, ends(bounds.get()));
            }
        }
        assertThat(deaths).isGreaterThan(CASES);
        assertThat(usurped).isGreaterThan(CASES / 2);
        assertThat(takenOut).isGreaterThan(CASES / 2);
    }

    @Test
    void aRunForEverTrainsEachPartitionAsItLiesAndDoesAgainWhatItRecorded() throws IOException {
        int deaths = 0;
        int usurped = 0;
        int takenOut = 0;
        for (int seed = 0; seed < CASES; seed++) {
            Random random = new Random(seed);
            SimulatedTopic topic = SimulatedTopic.random(random, ModelledRunTest::value);
            BatchAssembler.Shape shape = shape(random);

            ModelledRun run =
                    new ModelledRun(own(seed), topic, random, shape, Optional.empty(), 15 + random.nextInt(60));
            run.run();

            deaths += run.deaths();
            usurped += run.usurped();
            takenOut += run.skips().size();
            // The order in which partitions had something to give is chance, what they gave is not.
            BatchAssembler.Shape oneByOne =
                    new BatchAssembler.Shape(shape.windowLength(), 1, Ramp.constant(1), shape.maxConsecutiveBad());
            Map<Integer, List<String>> expected = byPartition(
                    ModelledRun.calm(topic.whole(Map.of()), topic, oneByOne, Optional.empty(), run.skips()));
            Map<Integer, List<String>> actual = byPartition(run.learned());
            int missing = 0;
            for (Map.Entry<Integer, List<String>> each : expected.entrySet()) {
                List<String> trained = actual.getOrDefault(each.getKey(), List.of());
                assertThat(trained)
                        .as("seed %d", seed)
                        .isEqualTo(each.getValue().subList(0, trained.size()));
                missing += each.getValue().size() - trained.size();
            }
            assertThat(missing)
                    .as("windows that make no whole step, seed %d", seed)
                    .isLessThan(shape.microBatch());
            Map<Integer, Long> examined = new HashMap<>();
            run.cursor()
                    .partitions()
                    .forEach(each ->
                            examined.put(each.partition(), each.examined().offset()));
            assertPublishedOnce(seed, run, bad(topic, examined, run.skips()));
        }
        assertThat(deaths).isGreaterThan(CASES);
        assertThat(usurped).isGreaterThan(CASES / 2);
        assertThat(takenOut).isGreaterThan(CASES / 2);
    }

    private void assertPublishedOnce(int seed, ModelledRun run, List<String> bad) throws IOException {
        assertThat(run.skips().stream().map(Skip::range))
                .as("ranges that are taken out, seed %d", seed)
                .doesNotHaveDuplicates();
        assertThat(run.publishedLetters()).as("dead letters, seed %d", seed).containsExactlyInAnyOrderElementsOf(bad);
        assertThat(run.publishedSteps().stream().map(LedgerEntry::step))
                .as("steps on the ledger's topic, seed %d", seed)
                .containsExactlyElementsOf(
                        LongStream.rangeClosed(1, run.learned().size()).boxed().toList());
        List<LedgerEntry> kept = LedgerReader.in(own(seed)).between(0, Long.MAX_VALUE);
        assertThat(run.publishedSteps().stream().map(LedgerEntry::composition))
                .as("and what they are made of")
                .isEqualTo(kept.stream().map(LedgerEntry::composition).toList());
        assertThat(kept).allSatisfy(entry -> assertThat(entry.result()).isNotNull());
    }

    private void assertEachRecordIsExplained(int seed, SimulatedTopic topic, Map<Integer, Long> ends)
            throws IOException {
        LedgerReader ledger = LedgerReader.in(own(seed));
        for (int partition : topic.partitions()) {
            long[] offsets = topic.records(partition).stream()
                    .mapToLong(ConsumerRecord::offset)
                    .filter(offset -> offset < ends.getOrDefault(partition, 0L))
                    .toArray();
            for (long offset : offsets) {
                assertThat(ledger.of(partition, offset, 1))
                        .as("seed %d, partition %d @%d", seed, partition, offset)
                        .isInstanceOfAny(Lineage.Trained.class, Lineage.LeftOut.class);
            }
        }
    }

    private Path own(int seed) throws IOException {
        return Files.createDirectories(directory.resolve(Integer.toString(seed)));
    }

    private static BatchAssembler.Shape shape(Random random) {
        return new BatchAssembler.Shape(1 + random.nextInt(6), 1 + random.nextInt(4), Ramp.constant(1), 100);
    }

    /// A bad record, a medium, a text with an id that may have been there before, or a text without.
    private static String value(Random random) {
        String text = Integer.toString(random.nextInt(), 36).substring(random.nextInt(2));
        return switch (random.nextInt(8)) {
            case 0 -> "!bad";
            case 1 -> "?image";
            case 2, 3, 4 -> "#" + random.nextInt(6) + text;
            default -> text;
        };
    }

    private static Bounds bounds(SimulatedTopic topic, int epochs) {
        TreeMap<Integer, Bounds.Stretch> stretches = new TreeMap<>();
        topic.partitions()
                .forEach(partition ->
                        stretches.put(partition, new Bounds.Stretch(topic.first(partition), topic.end(partition))));
        return new Bounds(epochs, stretches);
    }

    private static Map<Integer, Long> ends(Bounds bounds) {
        Map<Integer, Long> ends = new HashMap<>();
        bounds.ranges().forEach((partition, stretch) -> ends.put(partition, stretch.end()));
        return ends;
    }

    private static List<String> bad(SimulatedTopic topic, Map<Integer, Long> ends, List<Skip> skips) {
        List<String> bad = new ArrayList<>();
        for (int partition : topic.partitions()) {
            topic.records(partition).stream()
                    .filter(record -> record.offset() < ends.getOrDefault(partition, 0L))
                    .filter(record -> new String(record.value(), StandardCharsets.UTF_8).startsWith("!"))
                    .filter(record -> skips.stream()
                            .noneMatch(skip -> skip.holds(partition, new Position(0, record.offset(), 0))))
                    .forEach(record -> bad.add(partition + "@" + record.offset()));
        }
        return bad;
    }

    private static Map<Integer, List<String>> byPartition(List<List<String>> steps) {
        Map<Integer, List<String>> windows = new TreeMap<>();
        steps.forEach(step -> step.forEach(window -> windows.computeIfAbsent(
                        Integer.parseInt(window.substring(0, window.indexOf(':'))), _ -> new ArrayList<>())
                .add(window)));
        return windows;
    }
}
