package dev.millrace.producer.publish;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.producer.document.DocumentLimits;
import dev.millrace.producer.store.ClaimConfig;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.runtime.configuration.MemorySize;
import io.quarkus.runtime.configuration.MemorySizeConverter;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SizeCheckTest {
    private static final Map<String, String> WHOLE = Map.of(
            "millrace.documents.max-size", "4M",
            "millrace.claim.max-size", "1G",
            "millrace.claim.directory", "/media",
            "mp.messaging.outgoing.documents.max.request.size", "16777216",
            "mp.messaging.outgoing.documents.buffer.memory", "67108864",
            "quarkus.http.limits.max-initial-line-length", "16384",
            "quarkus.http.limits.max-body-size", "2G");

    @Test
    void limitsThatFitTogetherLetTheApplicationStart() {
        assertThatCode(() -> start(WHOLE)).doesNotThrowAnyException();
    }

    @ParameterizedTest
    @CsvSource({
        "millrace.documents.max-size, 32M, mp.messaging.outgoing.documents.max.request.size",
        "mp.messaging.outgoing.documents.buffer.memory, 4194304, millrace.documents.max-size",
        "millrace.claim.max-size, 4M, millrace.documents.max-size",
        "millrace.claim.max-size, 3G, quarkus.http.limits.max-body-size",
        "quarkus.http.limits.max-body-size, 5M, millrace.claim.max-size",
        "millrace.documents.max-name-length, 1000, quarkus.http.limits.max-initial-line-length",
        "quarkus.http.limits.max-initial-line-length, 4096, millrace.documents.max-name-length"
    })
    void limitsThatContradictEachOtherAreNamedBoth(String property, String value, String other) {
        assertThatThrownBy(() -> start(with(property, value)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContainingAll(property + " = ", other + " = ");
    }

    @Test
    void withoutAStoreItsLimitContradictsNothing() {
        Map<String, String> settings = with("millrace.claim.max-size", "1M");
        settings.remove("millrace.claim.directory");

        assertThatCode(() -> start(settings)).doesNotThrowAnyException();

        settings.put("quarkus.http.limits.max-body-size", "3M");
        assertThatThrownBy(() -> start(settings))
                .hasMessageContainingAll("millrace.documents.max-size = ", "quarkus.http.limits.max-body-size = ");
    }

    private static Map<String, String> with(String property, String value) {
        Map<String, String> settings = new HashMap<>(WHOLE);
        settings.put(property, value);
        return settings;
    }

    private static void start(Map<String, String> settings) {
        SmallRyeConfig config = new SmallRyeConfigBuilder()
                .withMapping(DocumentLimits.class)
                .withMapping(ClaimConfig.class)
                .withConverter(MemorySize.class, 100, new MemorySizeConverter())
                .withSources(new PropertiesConfigSource(settings, "test", 100))
                .build();
        new SizeCheck(config.getConfigMapping(DocumentLimits.class), config.getConfigMapping(ClaimConfig.class), config)
                .check(new StartupEvent());
    }
}
