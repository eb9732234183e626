package dev.millrace.producer.publish;

import dev.millrace.producer.document.Printable;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jboss.logging.Logger;

/// The delivery callback: counts every report, logs failures, though not without limit, and successes at debug.
/// Thread-safe.
final class DeliveryReports {
    private static final Logger LOG = Logger.getLogger("dev.millrace.producer.delivery");

    /// Lines for failures in [#INTERVAL]; how many more there were is said with the next.
    private static final int LINES = 10;
    private static final Duration INTERVAL = Duration.ofSeconds(10);

    private final LogLimit limit = new LogLimit(LINES, INTERVAL.toNanos(), System::nanoTime);
    /// Plain sums: a counter of the registry asks all registries behind it, and each document counts twice here.
    private final LongAdder delivered = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final LongAdder unknown = new LongAdder();
    private final LongAdder bytes = new LongAdder();
    private final Timer latency;
    private final AtomicLong inFlight = new AtomicLong();
    private final AtomicLong inFlightBytes = new AtomicLong();

    DeliveryReports(MeterRegistry registry) {
        count(registry, "delivered", delivered);
        count(registry, "failed", failed);
        count(registry, "unknown", unknown);
        FunctionCounter.builder("millrace.delivered.bytes", bytes, LongAdder::sum)
                .description("Value bytes that are on the log")
                .register(registry);
        this.latency = Timer.builder("millrace.delivery.latency")
                .description("From sending to the broker's answer")
                .publishPercentileHistogram()
                .register(registry);
        Gauge.builder("millrace.inflight.records", inFlight, AtomicLong::get)
                .description("Records that await the broker's answer")
                .register(registry);
        Gauge.builder("millrace.inflight.bytes", inFlightBytes, AtomicLong::get)
                .description("Their value bytes")
                .register(registry);
    }

    private static void count(MeterRegistry registry, String status, LongAdder sum) {
        FunctionCounter.builder("millrace.deliveries", sum, LongAdder::sum)
                .description("Delivery reports")
                .tag("status", status)
                .register(registry);
    }

    void sending(int size) {
        inFlight.incrementAndGet();
        inFlightBytes.addAndGet(size);
    }

    /// @param key of the record: a name that its client chose, never its content
    void report(String key, Delivery delivery, int size, long nanos) {
        inFlight.decrementAndGet();
        inFlightBytes.addAndGet(-size);
        switch (delivery) {
            case Delivery.Delivered on -> {
                delivered.increment();
                bytes.add(size);
                latency.record(nanos, TimeUnit.NANOSECONDS);
                if (LOG.isDebugEnabled()) {
                    LOG.debugf(
                            "%s delivered to %s [%d] @ %d", Printable.of(key), on.topic(), on.partition(), on.offset());
                }
            }
            case Delivery.Failed not -> {
                failed.increment();
                warn(Printable.of(key) + " not delivered: " + not.reason());
            }
            case Delivery.Unknown open -> {
                unknown.increment();
                warn(Printable.of(key) + " sent, fate unknown: " + open.reason());
            }
        }
    }

    private void warn(String line) {
        long keptBack = limit.ask();
        if (keptBack == 0) {
            LOG.warn(line);
        } else if (keptBack > 0) {
            LOG.warnf("%s (and %d failures before it that were not logged)", line, keptBack);
        }
    }

    long inFlightBytes() {
        return inFlightBytes.get();
    }
}
