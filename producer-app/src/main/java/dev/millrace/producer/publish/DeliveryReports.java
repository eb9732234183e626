package dev.millrace.producer.publish;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jboss.logging.Logger;

/// The delivery callback: counts every report, logs failures, though not without limit, and successes at debug.
/// Thread-safe.
final class DeliveryReports {
    private static final Logger LOG = Logger.getLogger("dev.millrace.producer.delivery");

    /// Lines for failures in [#INTERVAL]; how many more there were is said with the next.
    private static final int LINES = 10;
    private static final Duration INTERVAL = Duration.ofSeconds(10);

    private final LogLimit limit = new LogLimit(LINES, INTERVAL.toNanos(), System::nanoTime);
    private final Counter delivered;
    private final Counter failed;
    private final Counter unknown;
    private final Counter bytes;
    private final Timer latency;
    private final AtomicLong inFlight = new AtomicLong();
    private final AtomicLong inFlightBytes = new AtomicLong();

    DeliveryReports(MeterRegistry registry) {
        this.delivered = counter(registry, "delivered");
        this.failed = counter(registry, "failed");
        this.unknown = counter(registry, "unknown");
        this.bytes = Counter.builder("millrace.delivered.bytes")
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

    private static Counter counter(MeterRegistry registry, String status) {
        return Counter.builder("millrace.deliveries")
                .description("Delivery reports")
                .tag("status", status)
                .register(registry);
    }

    void sending(int size) {
        inFlight.incrementAndGet();
        inFlightBytes.addAndGet(size);
    }

    /// @param key of the record: a name, never its content
    void report(String key, Delivery delivery, int size, long nanos) {
        inFlight.decrementAndGet();
        inFlightBytes.addAndGet(-size);
        switch (delivery) {
            case Delivery.Delivered on -> {
                delivered.increment();
                bytes.increment(size);
                latency.record(nanos, TimeUnit.NANOSECONDS);
                LOG.debugf("%s delivered to %s [%d] @ %d", key, on.topic(), on.partition(), on.offset());
            }
            case Delivery.Failed not -> {
                failed.increment();
                warn(key + " not delivered: " + not.reason());
            }
            case Delivery.Unknown open -> {
                unknown.increment();
                warn(key + " sent, fate unknown: " + open.reason());
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
