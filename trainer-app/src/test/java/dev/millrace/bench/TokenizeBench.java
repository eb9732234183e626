package dev.millrace.bench;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.management.ThreadMXBean;
import dev.millrace.trainer.pack.PartitionPacker;
import dev.millrace.trainer.pack.Position;
import dev.millrace.trainer.pack.Window;
import dev.millrace.trainer.tokenize.DocumentTokenizer;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/// How fast documents become windows on one core: the tokenizer's library alone, what the trainer does with the same
/// documents, and packing by itself.
///
/// Counts the processor time of the thread, of the two ways in turns document by document, so that a machine which
/// others use as well says the same. The documents are the sources of this project, prose and code.
final class TokenizeBench {
    private static final Path DEEPSEEK = Path.of("../../shared/tokenizers/deepseek-v3");
    private static final Path OWN = Path.of("src/main/resources/quickstart/tokenizer");
    private static final int WINDOW = 512;
    /// An array of so many tokens has a head, and is filled up to eight bytes.
    private static final long WINDOW_BYTES = 16 + 4L * (WINDOW + 1) + 4;

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    private TokenizeBench() {}

    /// DeepSeek's tokenizer where it is at hand, else the one of the quickstart.
    static Path tokenizer() {
        return Files.exists(DEEPSEEK) ? DEEPSEEK : OWN;
    }

    static List<String> documents() throws IOException {
        List<String> texts = new ArrayList<>(List.of(Files.readString(Path.of("../README.md"))));
        try (Stream<Path> files = Files.walk(Path.of("src"))) {
            for (Path file : files.filter(path -> path.toString().endsWith(".java"))
                    .sorted()
                    .toList()) {
                texts.add(Files.readString(file));
            }
        }
        return texts;
    }

    /// Measures and writes `tokenize.json`.
    ///
    /// @param seconds of processor time for each way, at least one round
    static TokenizeMeasured run(Path directory, Path tokenizer, List<String> texts, double seconds) throws IOException {
        TokenizeMeasured measured = measure(tokenizer, texts, seconds);
        Files.createDirectories(directory);
        new ObjectMapper()
                .writerWithDefaultPrettyPrinter()
                .writeValue(directory.resolve("tokenize.json").toFile(), measured);
        return measured;
    }

    private static TokenizeMeasured measure(Path directory, List<String> texts, double seconds) throws IOException {
        try (HuggingFaceTokenizer library = HuggingFaceTokenizer.newInstance(
                        directory.resolve("tokenizer.json"),
                        Map.of("truncation", "false", "padding", "false", "addSpecialTokens", "false"));
                DocumentTokenizer tokenizer = DocumentTokenizer.load(directory)) {
            // The first round is not counted: it fills the library's caches and lets the compiler see the code.
            turns(library, tokenizer, texts, 0);
            Turns turns = turns(library, tokenizer, texts, seconds);
            List<int[]> tokens = texts.stream().map(tokenizer::encode).toList();
            pack(tokens, 1_000_000);
            Packed packed = pack(tokens, (long) (200_000_000 * Math.min(1, seconds)));
            return new TokenizeMeasured(
                    directory.getFileName().toString(),
                    texts.size(),
                    turns.rounds(),
                    tokens.stream().mapToLong(each -> each.length).sum(),
                    turns.libraryTokens() * 1e9 / turns.libraryNanos(),
                    turns.trainerTokens() * 1e9 / turns.trainerNanos(),
                    (double) turns.trainerNanos()
                            / turns.libraryNanos()
                            * turns.libraryTokens()
                            / turns.trainerTokens(),
                    packed.tokens() * 1e9 / packed.nanos(),
                    (double) packed.allocated() / packed.tokens(),
                    Math.max(0.0, packed.allocated() - packed.windows() * (double) WINDOW_BYTES) / packed.tokens());
        }
    }

    private record Turns(int rounds, long libraryTokens, long libraryNanos, long trainerTokens, long trainerNanos) {}

    private static Turns turns(
            HuggingFaceTokenizer library, DocumentTokenizer tokenizer, List<String> texts, double seconds) {
        PartitionPacker packer = new PartitionPacker(0, WINDOW, Position.startingAt(0));
        int rounds = 0;
        long offset = 0;
        long libraryTokens = 0;
        long libraryNanos = 0;
        long trainerTokens = 0;
        long trainerNanos = 0;
        do {
            for (String text : texts) {
                // Whoever comes second finds the text in the processor's cache.
                for (int turn = 0; turn < 2; turn++) {
                    long begun = THREADS.getCurrentThreadCpuTime();
                    if ((turn + rounds + offset) % 2 == 0) {
                        libraryTokens += library.encode(text, false, false).getIds().length;
                        libraryNanos += THREADS.getCurrentThreadCpuTime() - begun;
                    } else {
                        int[] ids = tokenizer.encode(text);
                        packer.append(0, offset, ids);
                        while (packer.hasWindow()) {
                            packer.next();
                        }
                        trainerTokens += ids.length;
                        trainerNanos += THREADS.getCurrentThreadCpuTime() - begun;
                    }
                }
                offset++;
            }
            rounds++;
        } while (libraryNanos < seconds * 1e9);
        return new Turns(rounds, libraryTokens, libraryNanos, trainerTokens, trainerNanos);
    }

    private record Packed(long tokens, long windows, long nanos, long allocated) {}

    private static Packed pack(List<int[]> documents, long atLeast) {
        PartitionPacker packer = new PartitionPacker(0, WINDOW, Position.startingAt(0));
        long thread = Thread.currentThread().threadId();
        long tokens = 0;
        long windows = 0;
        long targets = 0;
        long offset = 0;
        long allocated = THREADS.getThreadAllocatedBytes(thread);
        long begun = THREADS.getCurrentThreadCpuTime();
        while (tokens < atLeast) {
            int[] document = documents.get((int) (offset % documents.size()));
            packer.append(0, offset, document);
            while (packer.hasWindow()) {
                Window window = packer.next();
                targets += window.targetCount();
                windows++;
            }
            tokens += document.length;
            offset++;
        }
        long nanos = THREADS.getCurrentThreadCpuTime() - begun;
        allocated = THREADS.getThreadAllocatedBytes(thread) - allocated;
        if (targets != windows * WINDOW) {
            throw new IllegalStateException(windows + " windows have " + targets + " targets");
        }
        return new Packed(tokens, windows, nanos, allocated);
    }
}
