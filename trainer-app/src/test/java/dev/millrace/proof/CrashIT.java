package dev.millrace.proof;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The short form of `./mvnw -Pprove`.
class CrashIT {
    @TempDir
    Path directory;

    @Test
    void aRunThatIsKilledFourTimesEndsAsOneThatIsNot() throws Exception {
        CrashHarness.Options options = new CrashHarness.Options(4, 20261124, 2_000, 4);

        CrashReport report = new CrashHarness(Path.of("."), directory, options, System.out::println).run();

        assertThat(report.problems()).as(report.table()).isEmpty();
        assertThat(report.kills()).hasSize(4);
    }
}
