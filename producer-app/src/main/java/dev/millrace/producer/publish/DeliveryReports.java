package dev.millrace.producer.publish;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jboss.logging.Logger;

/// The delivery callback: counts every report, logs failures always and successes at debug. Thread-safe.
final class DeliveryReports {
    private static final Logger LOG = Logger.getLogger("dev.millrace.producer.delivery");

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
                LOG.warnf("%s not delivered: %s", key, not.reason());
            }
            case Delivery.Unknown open -> {
                unknown.increment();
                LOG.warnf("%s sent, fate unknown: %s", key, open.reason());
            }
        }
    }

    long inFlightBytes() {
        return inFlightBytes.get();
    }
}
