package dev.millrace.trainer.tokenize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DocumentTokenizerTest {
    private static final Path SHIPPED = Path.of("src/main/resources/quickstart/tokenizer");
    private static final Path DEEPSEEK = Path.of("../../shared/tokenizers/deepseek-v3");
    private static final String END_OF_SENTENCE = "<｜end▁of▁sentence｜>";

    @Test
    void theShippedTokenizerTakesAnyTextByteByByteAndGivesItBack() throws IOException {
        try (DocumentTokenizer tokenizer = DocumentTokenizer.load(SHIPPED)) {
            String text = "Grüße, 世界 😀\n\t\u0000 <｜end▁of▁sentence｜>";

            int[] ids = tokenizer.encode(text);

            byte[] bytes = text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
            assertThat(ids).hasSize(bytes.length + 1);
            assertThat(tokenizer.decode(java.util.Arrays.copyOfRange(ids, 1, ids.length)))
                    .isEqualTo(text);
            assertThat(tokenizer.vocabularySize()).isEqualTo(259);
        }
    }

    @Test
    void writesTheFilesThatItWasLoadedFromWhateverLiesThereNow(@TempDir Path directory) throws IOException {
        Path source = Files.createDirectory(directory.resolve("source"));
        List<String> names = List.of("tokenizer.json", "tokenizer_config.json");
        for (String name : names) {
            Files.copy(SHIPPED.resolve(name), source.resolve(name));
        }
        try (DocumentTokenizer tokenizer = DocumentTokenizer.load(source)) {
            for (String name : names) {
                Files.writeString(source.resolve(name), "another one's");
            }

            tokenizer.write(directory);

            for (String name : names) {
                assertThat(directory.resolve(name)).hasSameBinaryContentAs(SHIPPED.resolve(name));
            }
        }
    }

    @Test
    void nothingIsTruncated() throws IOException {
        try (DocumentTokenizer tokenizer = DocumentTokenizer.load(SHIPPED)) {
            assertThat(tokenizer.encode("a".repeat(10_000))).hasSize(10_001);
        }
    }

    @Test
    void deepSeeksTokenizerGivesItsReferenceIds() throws IOException {
        assumeTrue(Files.exists(DEEPSEEK), "no DeepSeek tokenizer beside this checkout");
        JsonNode vectors =
                new ObjectMapper().readTree(DEEPSEEK.resolve("vectors.json").toFile());
        try (DocumentTokenizer tokenizer = DocumentTokenizer.load(DEEPSEEK)) {
            int checked = 0;
            for (JsonNode vector : vectors) {
                String text = vector.get("text").asText();
                if (text.contains("<｜")) {
                    continue;
                }
                List<Integer> ids = IntStream.of(tokenizer.encode(text)).boxed().toList();
                assertThat(ids.getFirst()).isZero();
                assertThat(ids.subList(1, ids.size()))
                        .as(text)
                        .isEqualTo(IntStream.range(0, vector.get("ids").size())
                                .mapToObj(i -> vector.get("ids").get(i).asInt())
                                .toList());
                checked++;
            }
            assertThat(checked).isGreaterThan(50);
        }
    }

    @Test
    void aSpecialTokenWrittenOutInATextIsPlainText() throws IOException {
        assumeTrue(Files.exists(DEEPSEEK), "no DeepSeek tokenizer beside this checkout");
        try (DocumentTokenizer tokenizer = DocumentTokenizer.load(DEEPSEEK)) {
            int[] ids = tokenizer.encode("one " + END_OF_SENTENCE + " two <｜User｜>");

            int end = tokenizer.endOfText().orElseThrow();
            assertThat(IntStream.of(ids).skip(1)).doesNotContain(end, 0).allMatch(id -> id < 128_000);
            assertThat(tokenizer.decode(java.util.Arrays.copyOfRange(ids, 1, ids.length)))
                    .isEqualTo("one " + END_OF_SENTENCE + " two <｜User｜>");
        }
    }

    @Test
    void aMissingOrBrokenFileIsNamed(@TempDir Path directory) throws IOException {
        assertThatThrownBy(() -> DocumentTokenizer.load(directory))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("tokenizer.json")
                .hasMessageContaining("millrace.tokenizer.directory");

        Files.writeString(directory.resolve("tokenizer.json"), "{");
        assertThatThrownBy(() -> DocumentTokenizer.load(directory)).hasMessageContaining("tokenizer.json is not JSON");
    }
}
