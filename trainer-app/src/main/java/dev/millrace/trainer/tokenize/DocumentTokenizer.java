package dev.millrace.trainer.tokenize;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/// Any Hugging Face `tokenizer.json`, used the way a training set wants it.
///
/// - Nothing is cut off and nothing is padded (the library's own default truncates to 512 tokens). Long texts
///   go through in pieces, see [LongText].
/// - BOS and EOS are added by us, as `add_bos_token` and `add_eos_token` of `tokenizer_config.json` say.
/// - A special token that is written out in a text is plain text: otherwise any document could end itself with
///   `<｜end▁of▁sentence｜>`. The added tokens are taken out of the tokenizer that encodes, so none can match.
///
/// Thread-safe: the native tokenizer is immutable once it is built.
public final class DocumentTokenizer implements AutoCloseable {
    /// Characters of a text that the native tokenizer takes at once.
    private static final int PIECE = 1 << 16;

    private static final ObjectMapper JSON = new ObjectMapper();

    private final HuggingFaceTokenizer encoder;
    private final HuggingFaceTokenizer decoder;
    /// None or one.
    private final int[] begin;
    /// None or one.
    private final int[] end;

    private final OptionalInt endOfText;
    private final Path file;
    private final Map<String, Integer> added;
    private final boolean cutsWords;
    private final int vocabularySize;
    private final TokenizerFiles files;

    private DocumentTokenizer(JsonNode tokenizer, JsonNode config, TokenizerFiles files, Path file) throws IOException {
        this.file = file;
        this.added = added(tokenizer);
        this.begin = config.path("add_bos_token").asBoolean(false)
                ? new int[] {specialToken(config, "bos_token")}
                : new int[0];
        this.end = config.path("add_eos_token").asBoolean(false)
                ? new int[] {specialToken(config, "eos_token")}
                : new int[0];
        this.endOfText = config.hasNonNull("eos_token")
                ? OptionalInt.of(specialToken(config, "eos_token"))
                : OptionalInt.empty();
        this.cutsWords = cutsWords(tokenizer.path("pre_tokenizer"));
        this.vocabularySize = vocabularySize(tokenizer);
        this.files = files;
        ObjectNode plain = tokenizer.deepCopy();
        plain.set("added_tokens", JSON.createArrayNode());
        this.encoder = build(plain);
        this.decoder = build(tokenizer);
    }

    /// Loads `tokenizer.json` and `tokenizer_config.json` of a directory. Without the second neither BOS nor EOS is
    /// added.
    ///
    /// @throws IOException naming the file that is missing or wrong
    public static DocumentTokenizer load(Path directory) throws IOException {
        Path file = directory.resolve(TokenizerFiles.TOKENIZER_FILE);
        TokenizerFiles files = TokenizerFiles.read(directory);
        byte @Nullable [] config = files.config();
        JsonNode parsed = parse(file, files.tokenizer());
        JsonNode parsedConfig =
                config == null ? JSON.createObjectNode() : parse(directory.resolve(TokenizerFiles.CONFIG_FILE), config);
        try {
            return new DocumentTokenizer(parsed, parsedConfig, files, file);
        } catch (RuntimeException e) {
            throw new IOException(file + " cannot be used as a tokenizer: " + e.getMessage(), e);
        }
    }

    /// Writes the files that it was loaded from beside a model, where other tools look for them.
    public void write(Path directory) throws IOException {
        files.write(directory);
    }

    /// The token ids of a whole document, BOS and EOS as configured.
    public int[] encode(String text) {
        return framed(plain(text));
    }

    /// The token ids of the beginning of a document that goes on: BOS as configured, never EOS.
    public int[] encodePrompt(String text) {
        return joined(begin, plain(text));
    }

    /// Parts of one document in their order, between BOS and EOS as configured.
    int[] framed(int[]... parts) {
        return joined(begin, joined(parts), end);
    }

    /// The token ids of a text, and nothing else.
    int[] plain(String text) {
        return text.length() <= PIECE || !cutsWords
                ? whole(text)
                : joined(new LongText(this::whole, PIECE).encode(text).toArray(int[][]::new));
    }

    /// The same, of a text in one piece.
    int[] whole(String text) {
        if (text.isEmpty()) {
            return new int[0];
        }
        long[] wide = ids(text);
        int[] ids = new int[wide.length];
        for (int i = 0; i < wide.length; i++) {
            ids[i] = Math.toIntExact(wide[i]);
        }
        return ids;
    }

    private static int[] joined(int[]... parts) {
        int length = 0;
        for (int[] part : parts) {
            length = Math.addExact(length, part.length);
        }
        int[] all = new int[length];
        int next = 0;
        for (int[] part : parts) {
            System.arraycopy(part, 0, all, next, part.length);
            next += part.length;
        }
        return all;
    }

    /// The id of an added token, by its text.
    OptionalInt specialToken(String content) {
        Integer id = added.get(content);
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }

    /// The file that it was read from.
    Path file() {
        return file;
    }

    /// The library's own `encode` also brings words, spans and the text of every token over from native code: with
    /// DeepSeek's tokenizer 1.4 times the time, with that of the quickstart 5 times.
    private long[] ids(String text) {
        long encoding = TokenizersLibrary.LIB.encode(encoder.getHandle(), text, false);
        try {
            return TokenizersLibrary.LIB.getTokenIds(encoding);
        } finally {
            TokenizersLibrary.LIB.deleteEncoding(encoding);
        }
    }

    /// The text of token ids; special tokens are written out.
    public String decode(int[] ids) {
        long[] wide = new long[ids.length];
        for (int i = 0; i < ids.length; i++) {
            wide[i] = ids[i];
        }
        return decoder.decode(wide, false);
    }

    /// One more than the largest token id: the least `vocab_size` of a model that can take these tokens.
    public int vocabularySize() {
        return vocabularySize;
    }

    /// The `eos_token`, where the tokenizer names one: generation stops at it.
    public OptionalInt endOfText() {
        return endOfText;
    }

    /// SHA-256 over both files: equal fingerprints give equal tokens.
    public String fingerprint() {
        return files.fingerprint();
    }

    @Override
    public void close() {
        encoder.close();
        decoder.close();
    }

    private static HuggingFaceTokenizer build(JsonNode tokenizer) throws IOException {
        return HuggingFaceTokenizer.newInstance(
                new ByteArrayInputStream(JSON.writeValueAsBytes(tokenizer)),
                Map.of("truncation", "false", "padding", "false", "addSpecialTokens", "false"));
    }

    /// Whether texts are cut into words, by an expression, before they become tokens.
    boolean cutsWords() {
        return cutsWords;
    }

    private static boolean cutsWords(JsonNode preTokenizer) {
        return switch (preTokenizer.path("type").asText()) {
            case "ByteLevel" -> preTokenizer.path("use_regex").asBoolean(true);
            case "Split" -> preTokenizer.path("pattern").has("Regex");
            case "Sequence" -> {
                boolean any = false;
                for (JsonNode each : preTokenizer.path("pretokenizers")) {
                    any |= cutsWords(each);
                }
                yield any;
            }
            default -> false;
        };
    }

    private static Map<String, Integer> added(JsonNode tokenizer) {
        Map<String, Integer> added = new HashMap<>();
        for (JsonNode token : tokenizer.path("added_tokens")) {
            added.put(token.path("content").asText(), token.path("id").asInt());
        }
        return added;
    }

    private int specialToken(JsonNode config, String key) {
        JsonNode named = config.path(key);
        String content = named.isObject() ? named.path("content").asText() : named.asText();
        return specialToken(content)
                .orElseThrow(() -> new IllegalArgumentException(key + " '" + content + "' of "
                        + TokenizerFiles.CONFIG_FILE + " is not among the added_tokens of " + file));
    }

    private static int vocabularySize(JsonNode tokenizer) {
        int largest = -1;
        for (JsonNode id : tokenizer.path("model").path("vocab")) {
            largest = Math.max(largest, id.asInt());
        }
        for (JsonNode token : tokenizer.path("added_tokens")) {
            largest = Math.max(largest, token.path("id").asInt());
        }
        return largest + 1;
    }

    private static JsonNode parse(Path file, byte[] content) throws IOException {
        try {
            JsonNode node = JSON.readTree(content);
            if (!node.isObject()) {
                throw new IOException(file + " is not a JSON object");
            }
            return node;
        } catch (com.fasterxml.jackson.core.JacksonException e) {
            throw new IOException(file + " is not JSON: " + e.getOriginalMessage(), e);
        }
    }
}
