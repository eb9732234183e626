package dev.millrace.trainer.generate;

import dev.millrace.trainer.model.DeepSeekModel;
import dev.millrace.trainer.tokenize.DocumentTokenizer;
import dev.millrace.trainer.tokenize.GrowingText;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// The training thread's side of the [GenerationDesk]: between two steps it writes the texts that its [Allowance]
/// covers. Each is written whole, by the weights of one step, and leaves them and all that training computes with as
/// they were; one that fails, fails alone.
///
/// Owned by the training thread, but for what says otherwise.
public final class TextDuty implements Interlude, AutoCloseable {
    private final GenerationDesk desk;
    private final TextGenerator generator;
    private final DocumentTokenizer tokenizer;
    private final int context;
    private final long longestPause;
    private final Allowance allowance;
    private final LongSupplier nanoClock;
    private long trainingSince;
    /// What the last text took; nothing is known of the first.
    private volatile long nanosPerPass;

    TextDuty(
            GenerationDesk desk,
            GenerationDesk.Limits limits,
            DeepSeekModel model,
            DocumentTokenizer tokenizer,
            LongSupplier nanoClock) {
        this.desk = desk;
        this.tokenizer = tokenizer;
        this.nanoClock = nanoClock;
        context = Math.min(limits.maxTokens(), model.config().maxPositions());
        generator = new TextGenerator(model, context);
        longestPause = limits.maxPause().toNanos();
        allowance = new Allowance(limits.maxShare(), limits.maxPause());
        trainingSince = nanoClock.getAsLong();
    }

    /// Writes what may be written now.
    @Override
    public void betweenSteps(long step) {
        long now = nanoClock.getAsLong();
        allowance.earn(now - trainingSince);
        long deadline = now + longestPause;
        @Nullable Order order = desk.take(this::affordable);
        while (order != null) {
            long began = nanoClock.getAsLong();
            long tokens = write(order, step, deadline);
            long took = nanoClock.getAsLong() - began;
            allowance.spend(took);
            desk.wrote(tokens, took);
            order = desk.take(this::affordable);
        }
        trainingSince = nanoClock.getAsLong();
    }

    /// Writes one text, if any is asked for.
    @Override
    public void whileWaiting(long step, BooleanSupplier dataIsThere) {
        @Nullable Order order = desk.take(any -> true);
        if (order == null) {
            return;
        }
        long began = nanoClock.getAsLong();
        allowance.earn(began - trainingSince);
        long tokens = write(order, step, began + longestPause);
        trainingSince = nanoClock.getAsLong();
        long cost = dataIsThere.getAsBoolean() ? trainingSince - began : 0;
        allowance.spend(cost);
        desk.wrote(tokens, cost);
    }

    private boolean affordable(Order order) {
        return allowance.covers(order.passes() * nanosPerPass);
    }

    /// @return tokens that were generated
    private long write(Order order, long step, long deadline) {
        long began = nanoClock.getAsLong();
        try {
            Continuation continuation = write(order, () -> !order.abandoned() && nanoClock.getAsLong() - deadline < 0);
            String text = tokenizer.decode(continuation.tokens());
            long took = nanoClock.getAsLong() - began;
            if (continuation.passes() > 0) {
                nanosPerPass = took / continuation.passes();
            }
            // Whoever handed it in may have stopped waiting: then nobody is there to take it.
            order.written()
                    .complete(new Written(
                            text,
                            step,
                            order.prompt().length,
                            continuation.tokens().length,
                            continuation.ending(),
                            Duration.ofNanos(began - order.handedIn()),
                            Duration.ofNanos(took)));
            return continuation.tokens().length;
        } catch (RuntimeException e) {
            // Reaches whoever asked. Training has lost nothing but the time.
            order.written().completeExceptionally(e);
            return 0;
        }
    }

    private Continuation write(Order order, BooleanSupplier goOn) {
        if (order.listener().isEmpty()) {
            return generator.generate(order.prompt(), order.sampling(), goOn, _ -> {});
        }
        Consumer<String> listener = order.listener().get();
        GrowingText text = new GrowingText(tokenizer);
        Continuation continuation =
                generator.generate(order.prompt(), order.sampling(), goOn, token -> tell(listener, text.add(token)));
        tell(listener, text.end());
        return continuation;
    }

    private static void tell(Consumer<String> listener, String piece) {
        if (!piece.isEmpty()) {
            listener.accept(piece);
        }
    }

    /// How long training will go on until it has made that many runs through the model for texts. Any thread.
    Duration until(long passes) {
        return Duration.ofNanos(allowance.nanosUntil(passes * nanosPerPass));
    }

    /// Any thread.
    int[] tokens(String prompt) {
        return tokenizer.encodePrompt(prompt);
    }

    /// Any thread.
    Sampling stopping(Sampling choice) {
        return new Sampling(
                choice.temperature(), choice.topP(), choice.seed(), choice.maxTokens(), tokenizer.endOfText());
    }

    /// Tokens of a prompt and its continuation together. Any thread.
    int context() {
        return context;
    }

    /// Closes the desk: prompts that wait are given back.
    @Override
    public void close() {
        desk.close("the run is over");
    }
}
