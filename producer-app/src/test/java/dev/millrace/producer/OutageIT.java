package dev.millrace.producer;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// [Outage], with a broker that is away for no longer than it takes to be noticed.
class OutageIT {
    @TempDir
    private static Path directory;

    @Test
    void whatWasAcknowledgedIsOnTheLogOnceAndInOrderAlthoughTheBrokerWentAway() throws Exception {
        new Outage(Path.of("."), directory, Duration.ZERO).run();
    }
}
