package dev.millrace.trainer.tokenize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.millrace.trainer.pack.PartitionPacker;
import dev.millrace.trainer.pack.Position;
import dev.millrace.trainer.pack.Window;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FillInTheMiddleTest {
    private static final Path SHIPPED = Path.of("src/main/resources/quickstart/tokenizer");
    private static final Path DEEPSEEK = Path.of("../../shared/tokenizers/deepseek-v3");
    private static final String TEXT = "Grüße, 世界 😀, and a text that is long enough to be cut in many places 👩‍🚀.";

    /// Of the shipped tokenizer with three more tokens.
    private static final int BEGIN = 259;

    private static final int HOLE = 260;
    private static final int END = 261;

    @TempDir
    static Path directory;

    record Settings(double rate, String begin, String hole, String end) implements TokenizerConfig.FillInTheMiddle {
        private static Settings of(double rate) {
            return new Settings(rate, "<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>");
        }
    }

    @BeforeAll
    static void aTokenizerWithTheThreeTokens() throws IOException {
        StringBuilder added = new StringBuilder();
        for (String each : List.of("259 <｜fim▁begin｜>", "260 <｜fim▁hole｜>", "261 <｜fim▁end｜>")) {
            added.append(
                    "{\"id\": %s, \"content\": \"%s\", \"special\": true, \"single_word\": false, \"lstrip\": false,"
                            .formatted(each.substring(0, 3), each.substring(4)));
            added.append(" \"rstrip\": false, \"normalized\": false},");
        }
        String shipped = Files.readString(SHIPPED.resolve("tokenizer.json"));
        Files.writeString(
                directory.resolve("tokenizer.json"),
                shipped.replace("\"added_tokens\": [", "\"added_tokens\": [" + added));
        Files.copy(SHIPPED.resolve("tokenizer_config.json"), directory.resolve("tokenizer_config.json"));
    }

    @Test
    void aDocumentIsPrefixSuffixMiddleAndLosesNothing() throws IOException {
        Set<String> cuts = new HashSet<>();
        try (DocumentTokenizer tokenizer = DocumentTokenizer.load(directory)) {
            DocumentEncoder encoder = DocumentEncoder.of(tokenizer, Settings.of(1), 7);

            for (int offset = 0; offset < 200; offset++) {
                int[] ids = encoder.encode(TEXT, 0, offset);

                int hole = indexOf(ids, HOLE);
                int end = indexOf(ids, END);
                assertThat(ids[0]).isZero();
                assertThat(ids[1]).isEqualTo(BEGIN);
                String prefix = tokenizer.decode(Arrays.copyOfRange(ids, 2, hole));
                String suffix = tokenizer.decode(Arrays.copyOfRange(ids, hole + 1, end));
                String middle = tokenizer.decode(Arrays.copyOfRange(ids, end + 1, ids.length));
                // A torn character would come back as a replacement.
                assertThat(prefix + middle + suffix).isEqualTo(TEXT);
                cuts.add(prefix.length() + " " + middle.length());
            }
        }
        assertThat(cuts).hasSizeGreaterThan(150);
    }

    @Test
    void soManyDocumentsAreCutAsTheRateSaysAndTheOthersAreAsTheyWere() throws IOException {
        try (DocumentTokenizer tokenizer = DocumentTokenizer.load(directory)) {
            DocumentEncoder encoder = DocumentEncoder.of(tokenizer, Settings.of(0.1), 0);
            int[] whole = tokenizer.encode("abc");

            long cut = IntStream.range(0, 4000)
                    .mapToObj(i -> encoder.encode("abc", i % 4, i / 4))
                    .filter(ids -> !Arrays.equals(ids, whole))
                    .count();

            // Four standard deviations of a binomial: sqrt(4000 * 0.1 * 0.9) = 19.
            assertThat(cut / 4000.0).isCloseTo(0.1, within(0.019));
        }
    }

    @Test
    void withoutARateEveryDocumentIsAsItWas() throws IOException {
        try (DocumentTokenizer tokenizer = DocumentTokenizer.load(SHIPPED)) {
            DocumentEncoder encoder = DocumentEncoder.of(tokenizer, Settings.of(0), 0);

            assertThat(encoder.encode(TEXT, 3, 4)).isEqualTo(tokenizer.encode(TEXT));
        }
    }

    @Test
    void whatIsCutFollowsFromSeedPartitionAndOffsetAlone() throws IOException {
        try (DocumentTokenizer tokenizer = DocumentTokenizer.load(directory)) {
            DocumentEncoder encoder = DocumentEncoder.of(tokenizer, Settings.of(1), 7);
            int[] here = encoder.encode(TEXT, 1, 2);

            for (int i = 0; i < 10; i++) {
                encoder.encode(TEXT, i, i);
            }

            assertThat(encoder.encode(TEXT, 1, 2)).isEqualTo(here);
            assertThat(encoder.encode(TEXT, 2, 1)).isNotEqualTo(here);
            assertThat(DocumentEncoder.of(tokenizer, Settings.of(1), 8).encode(TEXT, 1, 2))
                    .isNotEqualTo(here);
        }
    }

    @Test
    void aPackerThatStartsWithinACutDocumentCutsTheSameWindows() throws IOException {
        try (DocumentTokenizer tokenizer = DocumentTokenizer.load(directory)) {
            DocumentEncoder encoder = DocumentEncoder.of(tokenizer, Settings.of(0.5), 7);
            PartitionPacker packer = new PartitionPacker(0, 30, Position.startingAt(0));
            List<int[]> windows = new ArrayList<>();
            List<Position> positions = new ArrayList<>();
            feed(packer, encoder, 0, windows, positions);

            for (int from = 0; from < windows.size(); from++) {
                Position start = positions.get(from);
                List<int[]> again = new ArrayList<>();
                feed(new PartitionPacker(0, 30, start), encoder, start.offset(), again, new ArrayList<>());

                assertThat(again).usingRecursiveComparison().isEqualTo(windows.subList(from, windows.size()));
            }
            assertThat(positions).anyMatch(position -> position.token() > 0);
        }
    }

    private static void feed(
            PartitionPacker packer, DocumentEncoder encoder, long from, List<int[]> windows, List<Position> positions) {
        for (long offset = from; offset < 6; offset++) {
            packer.append(0, offset, encoder.encode(TEXT, 0, offset));
            while (packer.hasWindow()) {
                Window window = packer.next();
                int[] inputs = new int[30];
                window.copyInputs(inputs, 0);
                windows.add(inputs);
                positions.add(window.start());
            }
        }
    }

    @Test
    void aTokenizerWithoutTheTokensStopsTheStartNamingTheSetting() throws IOException {
        try (DocumentTokenizer tokenizer = DocumentTokenizer.load(SHIPPED)) {
            assertThatThrownBy(() -> DocumentEncoder.of(tokenizer, Settings.of(0.1), 0))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContainingAll(
                            "millrace.tokenizer.fill-in-the-middle.begin = <｜fim▁begin｜>",
                            "tokenizer.json",
                            "millrace.tokenizer.fill-in-the-middle.rate = 0");
        }
    }

    @Test
    void deepSeeksTokenizerHasThem() throws IOException {
        assumeTrue(Files.exists(DEEPSEEK), "no DeepSeek tokenizer beside this checkout");
        try (DocumentTokenizer tokenizer = DocumentTokenizer.load(DEEPSEEK)) {
            int[] ids = DocumentEncoder.of(tokenizer, Settings.of(1), 0).encode(TEXT, 0, 0);

            assertThat(tokenizer.decode(ids))
                    .containsSubsequence("<｜begin▁of▁sentence｜><｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>");
            assertThat(IntStream.of(ids).filter(id -> id >= 128_000).count()).isEqualTo(3);
        }
    }

    /// Reference values: Java's own generator of that name, one split of it per number of the place.
    @Test
    void theNumbersAreThoseOfSplitMix() {
        PlaceRandom random = PlaceRandom.of(5, 2, 1_000_000_007L);
        java.util.SplittableRandom reference = new java.util.SplittableRandom(random.key());

        for (int counter = 0; counter < 100; counter++) {
            assertThat(random.uniform(counter)).isEqualTo((reference.nextLong() >>> 11) * 0x1p-53);
        }
        assertThat(IntStream.range(0, 1000).map(counter -> random.below(3, counter)))
                .containsOnly(0, 1, 2);
    }

    private static int indexOf(int[] ids, int id) {
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] == id) {
                return i;
            }
        }
        throw new AssertionError(id + " is not among " + Arrays.toString(ids));
    }
}
