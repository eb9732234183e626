package dev.millrace.producer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.testing.AppProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Settings that make no sense stop the packaged producer, before it looks for a broker, and it says which.
class ProducerRefusalIT {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @TempDir
    Path directory;

    @Test
    void howItIsUsedIsSaidWithoutAStart() throws Exception {
        assertThat(endOf("--help")).isZero();
        assertThat(endOf("ingest", "--help")).isZero();
        assertThat(endOf("ingest")).isEqualTo(2);
        assertThat(endOf("serve")).isEqualTo(2);
    }

    private int endOf(String... arguments) throws Exception {
        try (AppProcess process = AppProcess.start(
                Path.of("."), Map.of(), Map.of(), List.of(arguments), directory.resolve("usage.log"))) {
            int code = process.awaitExit(LIMIT);
            assertThat(process.log())
                    .startsWith("usage: ")
                    .contains("ingest PATH")
                    .doesNotContain("WARN", "INFO");
            return code;
        }
    }

    @Test
    void aRuleThatMakesNoSenseStopsTheStart() throws Exception {
        requireRefusal(Map.of("millrace.quality.max-symbols", "7"), "millrace.quality.max-symbols = 7.0");
    }

    @Test
    void limitsThatContradictEachOtherStopTheStart() throws Exception {
        requireRefusal(
                Map.of("millrace.documents.max-size", "32M"),
                "millrace.documents.max-size",
                "mp.messaging.outgoing.documents.max.request.size");
        requireRefusal(
                Map.of(
                        "millrace.claim.directory",
                        Files.createDirectory(directory.resolve("media")).toString(),
                        "millrace.claim.max-size",
                        "4M"),
                "millrace.claim.max-size = 4194304 is not more than");
    }

    @ParameterizedTest
    @CsvSource({
        "millrace.security.required, true, millrace.security.api-keys",
        "quarkus.oidc.auth-server-url, http://localhost:1, quarkus.oidc.tenant-enabled",
        "millrace.security.api-keys, team-a:guest:0000, entry 1 is not NAME:ROLE:HASH"
    })
    void aDoorThatIsLockedByHalfStopsTheStart(String setting, String value, String named) throws Exception {
        requireRefusal(Map.of(setting, value), setting, named);
    }

    @Test
    void aDoorThatIsOpenToTheTokensOfAnyOtherServiceStopsTheStart() throws Exception {
        requireRefusal(
                Map.of("quarkus.oidc.tenant-enabled", "true", "quarkus.oidc.auth-server-url", "http://localhost:1"),
                "quarkus.oidc.token.audience is not set");
    }

    @Test
    void aSettingThatKafkasProducerDoesNotKnowStopsTheStart() throws Exception {
        requireRefusal(
                Map.of("mp.messaging.outgoing.documents.compression.type", "none-such"),
                "mp.messaging.outgoing.documents.*",
                "compression.type");
    }

    private void requireRefusal(Map<String, String> settings, String... words) throws Exception {
        try (AppProcess producer =
                AppProcess.start(Path.of("."), settings, Map.of(), directory.resolve("producer.log"))) {
            assertThat(producer.awaitExit(LIMIT)).isNotZero();
            assertThat(producer.log()).contains(words);
        }
    }
}
