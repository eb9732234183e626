package dev.millrace.trainer.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.trainer.batch.BatchAssembler;
import dev.millrace.trainer.batch.Bounds;
import dev.millrace.trainer.batch.Composition;
import dev.millrace.trainer.batch.Cursor;
import dev.millrace.trainer.batch.PartitionCursor;
import dev.millrace.trainer.batch.Ramp;
import dev.millrace.trainer.batch.ScriptedLog;
import dev.millrace.trainer.batch.SeenIds;
import dev.millrace.trainer.batch.Skip;
import dev.millrace.trainer.batch.SkipRanges;
import dev.millrace.trainer.batch.StepBatch;
import dev.millrace.trainer.batch.Untrained;
import dev.millrace.trainer.batch.Untrained.Why;
import dev.millrace.trainer.intake.RecordSource;
import dev.millrace.trainer.intake.SimulatedTopic;
import dev.millrace.trainer.pack.Position;
import dev.millrace.trainer.pack.Window;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LineageTest {
    private static final int LIMIT = 1000;

    @TempDir
    private Path directory;

    /// Random logs with holes, passes, ranges that are taken out: what the ledger says of each offset is held against
    /// the tokens that went through the windows. Each document has a letter of its own.
    @Test
    void tellsOfEachOffsetWhichStepsTrainedOnItAndIfNoneDidWhy() throws IOException {
        Map<Why, Integer> met = new EnumMap<>(Why.class);
        int waits = 0;
        for (int seed = 0; seed < 60; seed++) {
            Random random = new Random(seed);
            int[] letter = {'\u4e00'};
            SimulatedTopic topic = SimulatedTopic.random(random, each -> value(each, letter));
            Optional<Bounds> bounds = random.nextBoolean() ? Optional.of(bounds(topic, random)) : Optional.empty();
            int first = random.nextInt(12);
            Skip.Range range = new Skip.Range(0, first, first + random.nextInt(4));

            List<StepBatch> steps = new ArrayList<>();
            List<Untrained> behind = run(topic, bounds, range, random, steps);
            write(steps.stream().map(StepBatch::composition).toList(), bounds.isPresent() ? behind : List.of());

            for (int partition : topic.partitions()) {
                for (long offset = 0; offset < end(topic, partition) + 2; offset++) {
                    String value = value(topic, partition, offset);
                    List<Long> expected = stepsWith(steps, value);
                    Lineage lineage = LedgerReader.in(directory).of(partition, offset, LIMIT);
                    String where = "seed %d, partition %d @%d: %s".formatted(seed, partition, offset, lineage);
                    switch (lineage) {
                        case Lineage.Trained trained ->
                            assertThat(numbers(trained)).as(where).isNotEmpty().isEqualTo(expected);
                        case Lineage.LeftOut leftOut -> {
                            assertThat(expected).as(where).isEmpty();
                            assertThat(leftOut.stretch().why()).as(where).hasSize(1);
                            assertThat(reasons(value, range, partition, offset, end(topic, partition)))
                                    .as(where)
                                    .containsAll(leftOut.stretch().why());
                            met.merge(leftOut.stretch().why().first(), 1, Integer::sum);
                        }
                        case Lineage.Waiting waiting -> {
                            waits++;
                            assertThat(expected).as(where).isEmpty();
                            assertThat(bounds).as(where).isEmpty();
                            assertThat(readFor(steps, partition, offset))
                                    .as(where)
                                    .hasValue(waiting.step());
                            assertThat(value).as(where).isNotNull();
                        }
                        case Lineage.Unknown _ -> {
                            assertThat(expected).as(where).isEmpty();
                            // Of a run that is over everything is known.
                            assertThat(offset < topic.first(partition)
                                            || offset >= end(topic, partition)
                                            || (bounds.isEmpty()
                                                    && (readFor(steps, partition, offset)
                                                                    .isEmpty()
                                                            || noneTrained(steps, partition))))
                                    .as(where)
                                    .isTrue();
                        }
                    }
                }
            }
        }
        assertThat(met.keySet()).as(met.toString()).containsExactlyInAnyOrder(Why.values());
        assertThat(waits).isPositive();
    }

    @Test
    void aRecordIsInEachStepThatHasTokensOfIt() throws IOException {
        write(List.of(step(0, 3, 5, List.of()), step(3, 7, 0, List.of())));
        LedgerReader reader = LedgerReader.in(directory);

        assertThat(reader.of(0, 3, LIMIT))
                .as("cut in two")
                .satisfies(each -> assertThat(numbers(each)).containsExactly(1L, 2L));
        assertThat(reader.of(0, 3, 1))
                .as("but for the limit")
                .satisfies(each -> assertThat(numbers(each)).containsExactly(1L));
        assertThat(reader.of(0, 7, LIMIT)).as("behind the end").isInstanceOf(Lineage.Unknown.class);
        assertThat(reader.of(1, 2, LIMIT)).isInstanceOf(Lineage.Unknown.class);
    }

    @Test
    void ofStepsThatDoNotSayWhatTheyLeftOutItSaysWhatLiesBetweenTheirTokens() throws IOException {
        Skip skip = new Skip(new Skip.Range(0, 4, 9), new Position(0, 5, 0));
        write(List.of(step(0, 3, 5, null), LedgerSteps.leaving(step(3, 7, 0, null), skip)));
        LedgerReader reader = LedgerReader.in(directory);

        assertThat(numbers(reader.of(0, 4, LIMIT)))
                .as("read before it was taken out")
                .containsExactly(2L);
        assertThat(reader.of(0, 5, LIMIT)).isInstanceOf(Lineage.Unknown.class);
    }

    @Test
    void whatARunSaysAtItsEndHoldsUntilAStepFollows() throws IOException {
        // Given a run that ends with a range taken out, dies before its checkpoint, and goes on without
        Untrained out = new Untrained(0, 0, 7, 9, new TreeSet<>(Set.of(Why.TAKEN_OUT)));
        try (StepLedger ledger = StepLedger.open(directory, 0, 1, _ -> {})) {
            ledger.begin(step(3, 7, 0, List.of()));
            ledger.end(LedgerSteps.result(1));
            ledger.finish(List.of(out));
        }
        LedgerReader reader = LedgerReader.in(directory);
        assertThat(reader.of(0, 8, LIMIT)).isEqualTo(new Lineage.LeftOut(OptionalLong.empty(), out));
        assertThat(reader.of(0, 10, LIMIT)).isInstanceOf(Lineage.Unknown.class);

        // When
        try (StepLedger ledger = StepLedger.open(directory, 1, 2, _ -> {})) {
            assertThat(ledger.recorded()).as("it is no step").isEqualTo(1);
            ledger.finish(List.of());
            ledger.begin(step(7, 10, 0, List.of()));
        }

        // Then
        assertThat(numbers(reader.of(0, 8, LIMIT))).containsExactly(2L);
        assertThat(reader.between(0, 9)).hasSize(2);
    }

    @Test
    void aRecordThatIsReadWaitsForItsWindow() throws IOException {
        Composition step = step(3, 7, 0, List.of());
        step.read().put(0, 9L);
        write(List.of(step));

        assertThat(LedgerReader.in(directory).of(0, 8, LIMIT)).isEqualTo(new Lineage.Waiting(1));
        assertThat(LedgerReader.in(directory).of(0, 9, LIMIT)).isInstanceOf(Lineage.Unknown.class);
    }

    @Test
    void ofVeryManyStretchesItKnowsTheReasonsThatOccur() throws IOException {
        // Given a step that reads bad records and media in turn
        String[] values = IntStream.range(0, 100_000)
                .mapToObj(i -> i % 2 == 0 ? "!bad" : "?image")
                .toArray(String[]::new);
        values[0] = "ab";
        values[99_999] = "cd";
        ScriptedLog log = new ScriptedLog(true).partition(0, values);
        BatchAssembler assembler = assembler(log, log.start(), Optional.of(log.bounds(1)), 3, 1, List.of());

        write(List.of(next(assembler).orElseThrow().composition()));

        assertThat(Files.size(directory.resolve(StepLedger.FILE))).isLessThan(10_000);
        LedgerReader reader = LedgerReader.in(directory);
        assertThat(numbers(reader.of(0, 0, LIMIT))).containsExactly(1L);
        assertThat(numbers(reader.of(0, 99_999, LIMIT))).containsExactly(1L);
        assertThat(leftOut(reader.of(0, 7, LIMIT)).why()).containsExactly(Why.MEDIUM);
        assertThat(leftOut(reader.of(0, 90_000, LIMIT)).why()).containsExactly(Why.BAD, Why.MEDIUM);
    }

    private static Untrained leftOut(Lineage lineage) {
        return ((Lineage.LeftOut) lineage).stretch();
    }

    private static List<Long> numbers(Lineage lineage) {
        return ((Lineage.Trained) lineage)
                .steps().stream().map(LedgerEntry::step).toList();
    }

    /// A bad record, a medium, an empty text, one with an id that may have been there before, or one without.
    private static String value(Random random, int[] letter) {
        String text = Character.toString(letter[0]++).repeat(1 + random.nextInt(6));
        return switch (random.nextInt(9)) {
            case 0 -> "!bad";
            case 1 -> "?image";
            case 2 -> "";
            case 3, 4, 5 -> "#" + random.nextInt(4) + text;
            default -> text;
        };
    }

    private static @Nullable String value(SimulatedTopic topic, int partition, long offset) {
        return topic.records(partition).stream()
                .filter(record -> record.offset() == offset)
                .map(record -> new String(record.value(), StandardCharsets.UTF_8))
                .findFirst()
                .orElse(null);
    }

    private static Set<Why> reasons(@Nullable String value, Skip.Range range, int partition, long offset, long end) {
        Set<Why> reasons = EnumSet.noneOf(Why.class);
        if (value == null) {
            return EnumSet.of(offset < end ? Why.ABSENT : Why.OUTSIDE);
        }
        if (partition == range.partition() && range.first() <= offset && offset <= range.last()) {
            return EnumSet.of(Why.TAKEN_OUT);
        }
        if (value.isEmpty()) {
            return EnumSet.of(Why.EMPTY);
        }
        switch (value.charAt(0)) {
            case '!' -> reasons.add(Why.BAD);
            case '?' -> reasons.add(Why.MEDIUM);
            case '#' -> reasons.add(Why.DUPLICATE);
            default -> {}
        }
        return reasons;
    }

    private static List<Long> stepsWith(List<StepBatch> steps, @Nullable String value) {
        List<Long> with = new ArrayList<>();
        if (value != null && !value.isEmpty()) {
            int letter = value.charAt(value.length() - 1);
            for (int i = 0; i < steps.size(); i++) {
                if (steps.get(i).windows().stream()
                        .anyMatch(window -> letters(window).contains(letter))) {
                    with.add(i + 1L);
                }
            }
        }
        return with;
    }

    private static Set<Integer> letters(Window window) {
        int[] row = new int[2 * window.length()];
        window.copyInputs(row, 0);
        window.copyTargets(row, window.length());
        return IntStream.of(row).boxed().collect(Collectors.toSet());
    }

    /// The step for which the partition was read past an offset.
    private static OptionalLong readFor(List<StepBatch> steps, int partition, long offset) {
        return LongStream.rangeClosed(1, steps.size())
                .filter(step -> steps.get((int) step - 1).read().getOrDefault(partition, 0L) > offset)
                .findFirst();
    }

    private static boolean noneTrained(List<StepBatch> steps, int partition) {
        return steps.stream().flatMap(step -> step.windows().stream()).noneMatch(each -> each.partition() == partition);
    }

    private static long end(SimulatedTopic topic, int partition) {
        List<ConsumerRecord<byte[], byte[]>> records = topic.records(partition);
        return records.isEmpty() ? topic.first(partition) : records.getLast().offset() + 1;
    }

    private static Bounds bounds(SimulatedTopic topic, Random random) {
        SortedMap<Integer, Bounds.Stretch> stretches = new TreeMap<>();
        for (int partition : topic.partitions()) {
            stretches.put(partition, new Bounds.Stretch(topic.first(partition), end(topic, partition)));
        }
        return new Bounds(1 + random.nextInt(3), stretches);
    }

    /// @param steps is given those that are made
    /// @return what was read behind the last of them, and not trained
    private static List<Untrained> run(
            SimulatedTopic topic, Optional<Bounds> bounds, Skip.Range range, Random random, List<StepBatch> steps) {
        Map<Integer, Long> ends = new TreeMap<>();
        bounds.ifPresent(each -> each.ranges().forEach((partition, stretch) -> ends.put(partition, stretch.end())));
        Cursor start = new Cursor(
                0,
                0,
                topic.partitions().stream()
                        .map(partition -> PartitionCursor.startingAt(partition, topic.first(partition)))
                        .toList(),
                Cursor.Counts.NONE);
        BatchAssembler assembler = assembler(
                topic.whole(ends), start, bounds, 1 + random.nextInt(6), 1 + random.nextInt(3), List.of(range));
        for (Optional<StepBatch> step = next(assembler); step.isPresent(); step = next(assembler)) {
            steps.add(step.get());
        }
        return assembler.takeUntrained();
    }

    private static BatchAssembler assembler(
            RecordSource log,
            Cursor start,
            Optional<Bounds> bounds,
            int length,
            int windows,
            List<Skip.Range> takenOut) {
        return new BatchAssembler(
                log,
                ScriptedLog::read,
                new SeenIds(3),
                new SkipRanges(List.of(), takenOut),
                new BatchAssembler.Shape(length, windows, Ramp.constant(1), 100),
                0,
                start,
                bounds,
                List.of());
    }

    private static Optional<StepBatch> next(BatchAssembler assembler) {
        try {
            return assembler.next();
        } catch (InterruptedException allIsRead) {
            return Optional.empty();
        }
    }

    private void write(List<Composition> steps) throws IOException {
        write(steps, List.of());
    }

    private void write(List<Composition> steps, List<Untrained> behind) throws IOException {
        // Not through the ledger itself, which has each step on the disk before it goes on.
        try (OutputStream out = Files.newOutputStream(directory.resolve(StepLedger.FILE))) {
            for (int i = 0; i < steps.size(); i++) {
                out.write(LedgerFile.bytes(new LedgerFile.Line.Composed(i + 1L, steps.get(i)), 1));
            }
            if (!behind.isEmpty()) {
                out.write(LedgerFile.bytes(new LedgerFile.Line.Ended(steps.size(), behind), 1));
            }
        }
    }

    private static Composition step(long from, long to, int token, @Nullable List<Untrained> untrained) {
        return new Composition(
                List.of(new Composition.Stretch(0, 2, new Position(0, from, 0), new Position(0, to, token))),
                List.of(0, 0),
                List.of(),
                0,
                new TreeMap<>(Map.of(0, token == 0 ? to : to + 1)),
                List.of(),
                untrained);
    }
}
