package dev.millrace.trainer.tokenize;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GrowingTextTest {
    private static final Path BYTES = Path.of("src/main/resources/quickstart/tokenizer");

    @TempDir
    Path directory;

    @Test
    void aCharacterOfSeveralTokensComesWithTheLast() throws IOException {
        try (DocumentTokenizer tokenizer = DocumentTokenizer.load(BYTES)) {
            assertThat(pieces(tokenizer, bytes("aé€😀z")))
                    .containsExactly("a", "", "é", "", "", "€", "", "", "", "😀", "z", "");
        }
    }

    @Test
    void whatNeverBecomesACharacterComesWhenThatIsCertain() throws IOException {
        try (DocumentTokenizer tokenizer = DocumentTokenizer.load(BYTES)) {
            // The first two of three bytes, then another character; and at the end.
            int[] euro = bytes("€");
            int[] tokens =
                    IntStream.of(euro[0], euro[1], bytes("x")[0], euro[0]).toArray();

            assertThat(pieces(tokenizer, tokens)).containsExactly("", "", "\uFFFDx", "", "\uFFFD");
        }
    }

    @Test
    void thePiecesOfAnyTokensAreTheTextOfAll() throws IOException {
        SplittableRandom random = new SplittableRandom(7);
        try (DocumentTokenizer tokenizer = DocumentTokenizer.load(BYTES)) {
            for (int run = 0; run < 300; run++) {
                // Given: bytes of text, of garbage, special tokens
                int[] text = bytes("Tür, 水, 🚀 ");
                int[] tokens = random.ints(40, 0, 3 * text.length)
                        .map(choice -> choice < text.length ? text[choice] : random.nextInt(259))
                        .toArray();

                // Then
                assertThat(String.join("", pieces(tokenizer, tokens))).isEqualTo(tokenizer.decode(tokens));
            }
        }
    }

    /// As SentencePiece's are: a space belongs to the word behind it, and is left out at the beginning; what is no
    /// token is written as bytes.
    @Test
    void wordsThatBeginWithTheirSpaceKeepItAndBytesBecomeCharacters() throws IOException {
        Files.writeString(directory.resolve("tokenizer.json"), """
                {"version": "1.0", "added_tokens": [], "normalizer": null, "pre_tokenizer": null, "post_processor": null,
                 "decoder": {"type": "Sequence", "decoders": [
                   {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"},
                   {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
                 "model": {"type": "BPE", "byte_fallback": true, "unk_token": null, "merges": [],
                   "vocab": {"▁mill": 0, "▁race": 1, "s": 2, "<0xE2>": 3, "<0x82>": 4, "<0xAC>": 5, "▁": 6}}}
                """);
        try (DocumentTokenizer tokenizer = DocumentTokenizer.load(directory)) {
            int[] tokens = {0, 1, 2, 6, 3, 4, 5, 3, 4, 5, 0};

            List<String> pieces = pieces(tokenizer, tokens);

            assertThat(pieces).containsExactly("mill", " race", "s", " ", "", "", "€", "", "", "€", " mill", "");
            assertThat(String.join("", pieces)).isEqualTo(tokenizer.decode(tokens));
        }
    }

    /// With the one at the end.
    private static List<String> pieces(DocumentTokenizer tokenizer, int[] tokens) {
        GrowingText text = new GrowingText(tokenizer);
        List<String> pieces = new ArrayList<>();
        Arrays.stream(tokens).forEach(token -> pieces.add(text.add(token)));
        pieces.add(text.end());
        return pieces;
    }

    /// The quickstart's tokenizer has three special tokens, then the bytes.
    private static int[] bytes(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return IntStream.range(0, bytes.length).map(i -> 3 + (bytes[i] & 0xff)).toArray();
    }
}
