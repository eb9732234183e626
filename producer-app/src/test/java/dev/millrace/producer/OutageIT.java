package dev.millrace.producer;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// [Outage], in short.
///
/// 10,000 documents; `-Doutage.documents=100000` for more.
class OutageIT {
    private static final int DOCUMENTS = Integer.getInteger("outage.documents", 10_000);

    @TempDir
    private static Path directory;

    @Test
    void whatWasAcknowledgedIsOnTheLogOnceAndInOrderAlthoughTheBrokerWentAway() throws Exception {
        new Outage(Path.of("."), directory, DOCUMENTS, Duration.ZERO).run();
    }
}
