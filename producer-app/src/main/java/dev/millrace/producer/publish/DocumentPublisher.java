package dev.millrace.producer.publish;

import dev.millrace.producer.document.Document;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.eclipse.microprofile.config.Config;

/// Sends documents through the channel `documents`, by the channel's own producer: with the emitter, each record
/// would cost twice as much. One idempotent producer serves all requests. Thread-safe.
@Singleton
public final class DocumentPublisher {
    /// The outgoing channel.
    public static final String CHANNEL = "documents";

    /// After so long without an acknowledgement the cluster is asked before anything is handed to the producer, and
    /// its answer holds for as long.
    private static final Duration FRESH = Duration.ofSeconds(1);

    /// As long as it may take to come from that question to the sending.
    private static final Duration SOON = Duration.ofMillis(200);

    /// The producer takes memory by the batch: as much for each partition and caller at once.
    private static final long SPARE_BYTES = 16 << 20;

    private final Outlet outlet;
    private final BrokerCheck broker;
    private final DeliveryReports reports;
    private final Map<String, AtomicLong> lastDelivered = new HashMap<>();

    DocumentPublisher(ChannelProducer channel, BrokerCheck broker, Topics topics, MeterRegistry registry) {
        this.outlet = channel.outlet();
        this.broker = broker;
        this.reports = new DeliveryReports(registry);
        for (String topic : topics.names()) {
            lastDelivered.put(topic, new AtomicLong(System.nanoTime() - FRESH.toNanos()));
        }
    }

    static String topic(Config settings) {
        return settings.getValue("mp.messaging.outgoing." + CHANNEL + ".topic", String.class);
    }

    /// Whether sending a document now waits for nothing, as far as can be told: the broker answered a moment ago, and
    /// the producer has memory to spare.
    boolean sendsAtOnce(String topic) {
        return isFresh(topic, System.nanoTime() + SOON.toNanos()) && outlet.freeBytes() > SPARE_BYTES;
    }

    /// Why a document cannot be sent now, where the cluster says so. May wait for its answer.
    ///
    /// @param topic one of [Topics]
    Optional<String> unavailable(String topic) {
        Optional<String> paused = outlet.paused();
        if (paused.isPresent()) {
            return paused;
        }
        return !isFresh(topic, System.nanoTime())
                        && broker.within(topic, FRESH) instanceof BrokerCheck.Availability.Unavailable no
                ? Optional.of(no.reason())
                : Optional.empty();
    }

    private boolean isFresh(String topic, long now) {
        return now - lastDelivered(topic).get() < FRESH.toNanos();
    }

    private AtomicLong lastDelivered(String topic) {
        return Objects.requireNonNull(lastDelivered.get(topic), "requests name a topic that is allowed");
    }

    /// Sends a document, unless the cluster says that it cannot be written to. May wait: for that answer, and at
    /// most `max.block.ms` for metadata or for room in the producer's buffer.
    ///
    /// @param topic one of [Topics]
    /// @param traceparent for the record
    /// @return completes when the broker has answered or the time is up, always normally and with a [Delivery]; in
    ///     what order is open
    public CompletableFuture<Answer> publish(Document document, String topic, Optional<String> traceparent) {
        AtomicLong last = lastDelivered(topic);
        Sending sending = new Sending(document, reports, () -> last.set(System.nanoTime()));
        try {
            unavailable(topic)
                    .or(() -> outlet.send(RecordForm.of(topic, document, traceparent), sending))
                    .ifPresent(sending::unavailable);
        } catch (RuntimeException e) {
            sending.refused(e);
        } catch (Error e) {
            // No memory, say. What becomes of the record is not known; what it held must not be held for ever.
            sending.lost(e);
        }
        return sending.answer();
    }

    /// Why nothing can be sent at this moment, to whatever topic: the producer is being replaced.
    public Optional<String> paused() {
        return outlet.paused();
    }

    /// Value bytes that await the broker's answer, over all callers.
    public long inFlightBytes() {
        return reports.inFlightBytes();
    }
}
