package dev.millrace.producer.publish;

import dev.millrace.producer.document.DocumentLimits;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import org.eclipse.microprofile.config.Config;

/// Holds the limits against each other when the application starts: a document that is accepted must fit in a
/// request to
/// the broker.
@Singleton
class SizeCheck {
    /// Key, headers and framing of a record.
    private static final long OVERHEAD = 64 << 10;

    private final long largest;
    private final Config settings;

    SizeCheck(DocumentLimits limits, Config settings) {
        this.largest = limits.maxSize().asLongValue();
        this.settings = settings;
    }

    void check(@Observes StartupEvent event) {
        holds("max.request.size", 1 << 20);
        holds("buffer.memory", 32 << 20);
    }

    private void holds(String property, long kafkasDefault) {
        String name = "mp.messaging.outgoing." + DocumentPublisher.CHANNEL + "." + property;
        long size = settings.getOptionalValue(name, Long.class).orElse(kafkasDefault);
        if (largest + OVERHEAD > size) {
            throw new IllegalStateException("millrace.documents.max-size = " + largest + " and " + OVERHEAD
                    + " bytes around it do not fit in " + name + " = " + size + ": raise that, or lower the former");
        }
    }
}
