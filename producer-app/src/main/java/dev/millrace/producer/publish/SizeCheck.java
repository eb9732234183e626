package dev.millrace.producer.publish;

import dev.millrace.producer.document.DocumentLimits;
import dev.millrace.producer.store.ClaimConfig;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.runtime.configuration.MemorySize;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.Optional;
import org.eclipse.microprofile.config.Config;

/// Holds the limits against each other when the application starts: a document that is accepted must fit in a request
/// to the broker, what goes to the store is larger than that, and HTTP lets both in, and the names of what comes as it
/// is, which stand in the URL.
@Singleton
class SizeCheck {
    /// Key, headers and framing of a record.
    private static final long OVERHEAD = 64 << 10;

    private static final String LARGEST = "millrace.documents.max-size";
    private static final String STORED = "millrace.claim.max-size";
    private static final String BODY = "quarkus.http.limits.max-body-size";

    /// Of a character in a URL: three bytes of UTF-8, each as `%E4`. One that takes four bytes counts as two.
    private static final int URL_BYTES = 9;

    /// Method, path, version and the rest of the query.
    private static final int URL_OVERHEAD = 1 << 10;
    private static final String NAME = "millrace.documents.max-name-length";
    private static final String URL = "quarkus.http.limits.max-initial-line-length";

    private final long largest;
    private final int name;
    /// None where there is no store.
    private final Optional<Long> stored;

    private final Config settings;

    SizeCheck(DocumentLimits limits, ClaimConfig claim, Config settings) {
        this.largest = limits.maxSize().asLongValue();
        this.name = limits.maxNameLength();
        this.stored = claim.directory().map(_ -> claim.maxSize().asLongValue());
        this.settings = settings;
    }

    void check(@Observes StartupEvent event) {
        holds("max.request.size", 1 << 20);
        holds("buffer.memory", 32 << 20);
        stored.ifPresent(size -> {
            if (size <= largest) {
                throw new IllegalStateException(STORED + " = " + size + " is not more than " + LARGEST + " = " + largest
                        + ": what is larger than the latter goes to the store, which takes none of it; raise the"
                        + " former, or lower the latter");
            }
            comesIn(STORED, size);
        });
        comesIn(LARGEST, largest);
        long line = settings.getOptionalValue(URL, Long.class).orElse(4096L);
        long names = 2L * URL_BYTES * name + URL_OVERHEAD;
        if (names > line) {
            throw new IllegalStateException("an id and a source of " + NAME + " = " + name + " characters need " + names
                    + " bytes of a URL, and " + URL + " = " + line + ": raise that, or lower the former");
        }
    }

    private void holds(String property, long kafkasDefault) {
        String name = "mp.messaging.outgoing." + DocumentPublisher.CHANNEL + "." + property;
        long size = settings.getOptionalValue(name, Long.class).orElse(kafkasDefault);
        if (largest + OVERHEAD > size) {
            throw new IllegalStateException(LARGEST + " = " + largest + " and " + OVERHEAD
                    + " bytes around it do not fit in " + name + " = " + size + ": raise that, or lower the former");
        }
    }

    private void comesIn(String property, long size) {
        settings.getOptionalValue(BODY, MemorySize.class)
                .map(MemorySize::asLongValue)
                .filter(most -> size > most)
                .ifPresent(most -> {
                    throw new IllegalStateException(property + " = " + size + " is more than " + BODY + " = " + most
                            + ", beyond which no body comes in: raise that, or lower the former");
                });
    }
}
