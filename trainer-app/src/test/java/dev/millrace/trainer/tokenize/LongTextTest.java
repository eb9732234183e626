package dev.millrace.trainer.tokenize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LongTextTest {
    private static final Path SHIPPED = Path.of("src/main/resources/quickstart/tokenizer");
    private static final Path DEEPSEEK = Path.of("../../shared/tokenizers/deepseek-v3");

    /// What texts are made of, in any order.
    private static final List<String> PARTS = List.of(
            "word",
            "Grüße",
            "世界",
            "カタカナ",
            "12345",
            "3.14",
            "e\u0301",
            "😀",
            "👩\u200d🚀",
            "don't",
            "x",
            "I",
            " ",
            " ",
            " ",
            " ",
            "  ",
            "\n",
            "\n",
            "\n\n",
            " \n ",
            "\r\n",
            "\t",
            "{",
            "};",
            "()",
            "。",
            "!?",
            "--",
            "\u00a0",
            "#include");

    @ParameterizedTest
    @ValueSource(ints = {50, 700})
    void theTokensOfThePiecesAreThoseOfTheWhole(int size) throws IOException {
        try (DocumentTokenizer tokenizer = DocumentTokenizer.load(Files.exists(DEEPSEEK) ? DEEPSEEK : SHIPPED)) {
            LongText pieces = new LongText(tokenizer::whole, size);
            int cuts = 0;
            for (String text : List.of(javaSources(), mixture(1, 5_000))) {
                List<int[]> parts = pieces.encode(text);

                assertThat(joined(parts)).isEqualTo(tokenizer.whole(text));
                cuts += parts.size() - 1;
            }
            assertThat(cuts).isGreaterThan(10);
        }
    }

    @Test
    void aLongDocumentIsNeitherCutOffNorChanged() throws IOException {
        assumeTrue(Files.exists(DEEPSEEK), "no DeepSeek tokenizer beside this checkout");
        try (DocumentTokenizer tokenizer = DocumentTokenizer.load(DEEPSEEK)) {
            String text = mixture(3, 60_000);
            assertThat(text.length()).isGreaterThan(130_000);

            int[] ids = tokenizer.encode(text);

            assertThat(Arrays.copyOfRange(ids, 1, ids.length)).isEqualTo(tokenizer.whole(text));
        }
    }

    @Test
    void noPieceEndsWithinATokenThatSpansWords() {
        // Given: a token of two words, beside single characters
        Function<String, int[]> spanning =
                text -> text.replace("ab cde", "Ω").chars().toArray();
        String text = "ab cde ".repeat(200);

        List<int[]> parts = new LongText(spanning, 10).encode(text);

        assertThat(joined(parts)).isEqualTo(spanning.apply(text));
        assertThat(parts).hasSizeGreaterThan(50);
    }

    @Test
    void aTextStaysWholeWhereATokenizerMarksItsBeginning() {
        Function<String, int[]> beginning = text -> ("▁" + text).chars().toArray();

        assertThat(new LongText(beginning, 10).encode("ab cde ".repeat(200))).hasSize(1);
    }

    @Test
    void whatCutsNoWordsTakesATextWhole() throws IOException {
        String text = "word ".repeat(20_000);
        try (DocumentTokenizer bytes = DocumentTokenizer.load(SHIPPED)) {
            assertThat(bytes.cutsWords()).isFalse();
            assertThat(bytes.plain(text)).hasSize(100_000);
        }
        if (Files.exists(DEEPSEEK)) {
            try (DocumentTokenizer words = DocumentTokenizer.load(DEEPSEEK)) {
                assertThat(words.cutsWords()).isTrue();
            }
        }
    }

    private static int[] joined(List<int[]> parts) {
        return parts.stream().flatMapToInt(Arrays::stream).toArray();
    }

    private static String javaSources() throws IOException {
        StringBuilder all = new StringBuilder();
        try (Stream<Path> files = Files.list(Path.of("src/main/java/dev/millrace/trainer/model"))) {
            for (Path file : files.sorted().limit(2).toList()) {
                all.append(Files.readString(file));
            }
        }
        return all.toString();
    }

    private static String mixture(long seed, int parts) {
        Random random = new Random(seed);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < parts; i++) {
            text.append(PARTS.get(random.nextInt(PARTS.size())));
        }
        return text.toString();
    }
}
