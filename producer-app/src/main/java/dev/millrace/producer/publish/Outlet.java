package dev.millrace.producer.publish;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import java.util.function.LongSupplier;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.Metric;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// The producer that all requests share, and another in its place where it can send no more, see [ProducerEnds].
///
/// Without that only a restart would help, and nobody would see that it is needed: the cluster answers. Between two
/// producers is a pause, which doubles from [#SHORTEST] to [#LONGEST] as long as none delivers anything; meanwhile
/// [#paused] says why, and documents are refused as those that meet no broker.
///
/// Thread-safe.
final class Outlet implements AutoCloseable {
    static final Duration SHORTEST = Duration.ofSeconds(1);
    static final Duration LONGEST = Duration.ofMinutes(1);

    private static final Duration CLOSING = Duration.ofSeconds(10);
    private static final Logger LOG = Logger.getLogger(Outlet.class);

    private final IntFunction<Producer<String, byte[]>> maker;
    private final LongSupplier clock;
    private volatile @Nullable Line line;
    private volatile @Nullable Pause pause;
    private volatile boolean closed;
    private final AtomicInteger made = new AtomicInteger();
    private Duration length = SHORTEST;

    /// @param until by the clock
    private record Pause(String reason, long until) {}

    /// @param maker makes a producer; told how many were made, with this one
    /// @param clock as [System#nanoTime]
    Outlet(IntFunction<Producer<String, byte[]>> maker, LongSupplier clock) {
        this.maker = maker;
        this.clock = clock;
    }

    /// Why nothing can be sent at this moment.
    Optional<String> paused() {
        if (closed) {
            return Optional.of("the producer of Kafka is closed");
        }
        Pause now = pause;
        return now == null || now.until() - clock.getAsLong() <= 0 ? Optional.empty() : Optional.of(now.reason());
    }

    /// Hands a record to the producer, which is made by the first that comes. May wait, and throw, as that does.
    ///
    /// @return why it was not handed over
    Optional<String> send(ProducerRecord<String, byte[]> record, Callback callback) {
        Line now = line;
        if (now == null) {
            now = made();
        }
        if (now == null) {
            return paused().or(() -> Optional.of("the producer of Kafka is made anew"));
        }
        now.send(record, callback);
        return Optional.empty();
    }

    private synchronized @Nullable Line made() {
        if (line == null && paused().isEmpty()) {
            try {
                line = new Line(maker.apply(made.incrementAndGet()));
            } catch (RuntimeException e) {
                // A name that does not resolve, or a key that cannot be read, say.
                pause(e);
            }
        }
        return line;
    }

    /// What is left of `buffer.memory`; nothing where there is no producer.
    long freeBytes() {
        Line known = line;
        return known == null ? 0 : ((Number) known.freeBytes.metricValue()).longValue();
    }

    /// How many producers were made after the first.
    int renewals() {
        return Math.max(0, made.get() - 1);
    }

    private synchronized void end(Line ended, Exception cause) {
        if (line == ended) {
            line = null;
            pause(cause);
            ended.closeAside();
        }
    }

    private void pause(Exception cause) {
        LOG.errorf(cause, "the producer can send no more; another is made in %s", length);
        String reason = "the producer of Kafka can send no more, and is made anew: " + Sending.describe(cause);
        pause = new Pause(reason, clock.getAsLong() + length.toNanos());
        length = length.multipliedBy(2).compareTo(LONGEST) < 0 ? length.multipliedBy(2) : LONGEST;
    }

    private synchronized void delivers() {
        length = SHORTEST;
    }

    /// Sends no more; what is on its way has [#CLOSING] to arrive.
    @Override
    public void close() {
        Line last;
        synchronized (this) {
            closed = true;
            last = line;
            line = null;
        }
        // Without the lock: the thread that this waits for tells what became of its records.
        if (last != null) {
            last.producer.close(CLOSING);
        }
    }

    /// One producer, as long as it is of use.
    private final class Line {
        private final Producer<String, byte[]> producer;
        private final Metric freeBytes;
        private volatile boolean proven;

        private Line(Producer<String, byte[]> producer) {
            this.producer = producer;
            this.freeBytes = producer.metrics().values().stream()
                    .filter(each -> each.metricName().name().equals("buffer-available-bytes"))
                    .findFirst()
                    .orElseThrow(() -> new IllegalStateException("the producer tells no buffer-available-bytes"));
        }

        private void send(ProducerRecord<String, byte[]> record, Callback callback) {
            Thread caller = Thread.currentThread();
            try {
                var _ = producer.send(record, (metadata, error) -> {
                    if (Thread.currentThread() != caller) {
                        answered(error);
                    }
                    callback.onCompletion(metadata, error);
                });
            } catch (IllegalStateException | KafkaException e) {
                if (ProducerEnds.isThrownInErrorState(e)) {
                    end(this, e);
                }
                throw e;
            }
        }

        /// What came of a record that was handed over, and did not fail on its way there.
        private void answered(@Nullable Exception error) {
            if (error == null) {
                if (!proven) {
                    proven = true;
                    delivers();
                }
            } else if (ProducerEnds.by(error, proven)) {
                end(this, error);
            }
        }

        /// On a thread of its own: it may wait for the thread that tells of the end. What is on its way is told that
        /// its fate is unknown; a producer that has ended had given it up.
        private void closeAside() {
            Thread.ofPlatform().daemon().name("kafka-producer-close").start(() -> producer.close(Duration.ZERO));
        }
    }
}
