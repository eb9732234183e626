package dev.millrace.trainer.generate;

import dev.millrace.trainer.model.DeepSeekModel;
import dev.millrace.trainer.tokenize.DocumentTokenizer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Where any thread hands in a prompt, and the training thread fetches it when it has the time, see [TextDuty].
///
/// The number of prompts that wait is bounded here; how long they wait, by whoever handed them in.
public final class GenerationDesk {
    private static final Duration SHORTEST_WAIT = Duration.ofSeconds(1);
    private static final Duration LONGEST_WAIT = Duration.ofMinutes(10);

    private final Limits limits;
    private final LongSupplier nanoClock;
    /// Read by those who use the tokenizer, which must not be closed meanwhile; written to open and to close. The
    /// training thread waits for it only then.
    private final ReadWriteLock opening = new ReentrantReadWriteLock();

    private @Nullable TextDuty duty;
    private String closed = "no model is loaded yet";
    private final Deque<Order> orders = new ArrayDeque<>();
    private volatile Totals totals = Totals.NONE;

    /// What texts may cost.
    ///
    /// @param maxShare of the time of training; 0: there are none
    /// @param maxPause that training stands still in one piece
    /// @param waiting prompts that may wait
    /// @param maxTokens of a prompt and its continuation together
    public record Limits(double maxShare, Duration maxPause, int waiting, int maxTokens) {
        public Limits {
            if (!(maxShare >= 0 && maxShare <= 1)) {
                throw new IllegalArgumentException("maxShare is " + maxShare + ", it must be in [0, 1]");
            }
            if (!maxPause.isPositive() || waiting < 1 || maxTokens < 2) {
                throw new IllegalArgumentException("maxPause is " + maxPause + ", waiting " + waiting + ", maxTokens "
                        + maxTokens + ": the first two must be positive, the last at least 2");
            }
        }
    }

    /// Sums since this process began.
    ///
    /// @param texts written
    /// @param tokens of them
    /// @param pausedNanos that training stood still for them
    public record Totals(long texts, long tokens, long pausedNanos) {
        static final Totals NONE = new Totals(0, 0, 0);
    }

    /// @param nanoClock as [System#nanoTime]
    public GenerationDesk(Limits limits, LongSupplier nanoClock) {
        this.limits = limits;
        this.nanoClock = nanoClock;
    }

    /// Opens the desk for a model. The calling thread, which the model belongs to, is the one that writes.
    ///
    /// @param tokenizer stays open until the duty is closed
    /// @return the writing thread's side; to close it closes the desk
    public TextDuty open(DeepSeekModel model, DocumentTokenizer tokenizer) {
        TextDuty opened = new TextDuty(this, limits, model, tokenizer, nanoClock);
        opening.writeLock().lock();
        try {
            if (duty != null) {
                throw new IllegalStateException("the desk is open for another model");
            }
            duty = opened;
            return opened;
        } finally {
            opening.writeLock().unlock();
        }
    }

    /// Hands in a prompt, whose tokens and `maxTokens` are bounded together.
    ///
    /// @param choice its `stopId` is that of the tokenizer
    /// @param listener is told the text piece by piece while it is written, before all of it is there. It is the
    ///     training thread that tells: it must neither wait nor throw
    public Submission submit(String prompt, Sampling choice, Optional<Consumer<String>> listener) {
        opening.readLock().lock();
        try {
            if (duty == null) {
                return new Submission.NotServing(closed);
            }
            int[] tokens = duty.tokens(prompt);
            if (tokens.length == 0) {
                return new Submission.Empty();
            }
            if (tokens.length + (long) choice.maxTokens() > duty.context()) {
                return new Submission.TooLong(tokens.length, choice.maxTokens(), duty.context());
            }
            return submit(new Order(tokens, duty.stopping(choice), listener, nanoClock.getAsLong()), duty);
        } finally {
            opening.readLock().unlock();
        }
    }

    private Submission submit(Order order, TextDuty writing) {
        synchronized (orders) {
            orders.removeIf(Order::abandoned);
            if (orders.size() >= limits.waiting()) {
                return new Submission.Busy(orders.size(), backlog(writing));
            }
            orders.addLast(order);
            return new Submission.Accepted(order.written());
        }
    }

    /// Takes the oldest prompt that still waits, if the time it needs may be had.
    @Nullable
    Order take(Predicate<Order> affordable) {
        synchronized (orders) {
            orders.removeIf(Order::abandoned);
            Order oldest = orders.peekFirst();
            return oldest != null && affordable.test(oldest) ? orders.removeFirst() : null;
        }
    }

    /// How long the prompts that wait will keep the training thread busy, by what the last text took: between 1 s and
    /// 10 min.
    public Duration backlog() {
        opening.readLock().lock();
        try {
            return duty == null ? LONGEST_WAIT : backlog(duty);
        } finally {
            opening.readLock().unlock();
        }
    }

    private Duration backlog(TextDuty writing) {
        long passes;
        synchronized (orders) {
            passes = orders.stream().mapToLong(Order::passes).sum();
        }
        return clamp(writing.until(passes));
    }

    void wrote(long tokens, long pausedNanos) {
        Totals before = totals;
        totals = new Totals(before.texts() + 1, before.tokens() + tokens, before.pausedNanos() + pausedNanos);
    }

    void close(String why) {
        opening.writeLock().lock();
        try {
            duty = null;
            closed = why;
        } finally {
            opening.writeLock().unlock();
        }
        synchronized (orders) {
            orders.forEach(order -> order.written().completeExceptionally(new NotServingException(why)));
            orders.clear();
        }
    }

    public Limits limits() {
        return limits;
    }

    /// Prompts that wait.
    public int waiting() {
        synchronized (orders) {
            orders.removeIf(Order::abandoned);
            return orders.size();
        }
    }

    public Totals totals() {
        return totals;
    }

    private static Duration clamp(Duration wait) {
        if (wait.compareTo(SHORTEST_WAIT) < 0) {
            return SHORTEST_WAIT;
        }
        return wait.compareTo(LONGEST_WAIT) > 0 ? LONGEST_WAIT : wait;
    }
}
