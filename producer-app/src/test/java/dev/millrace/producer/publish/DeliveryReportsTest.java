package dev.millrace.producer.publish;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;

class DeliveryReportsTest {
    private final List<String> said = new ArrayList<>();

    /// An id is whatever a client says: with a line end in it, it could write lines of the log, of the audit too.
    @Test
    void anIdWritesNoLineOfTheLogButItsOwn() {
        // Given
        Logger log = Logger.getLogger("dev.millrace.producer.delivery");
        Handler listener = new Listener();
        log.addHandler(listener);
        try {
            DeliveryReports reports = new DeliveryReports(new SimpleMeterRegistry());

            // When
            reports.report(
                    "a\r\n2026 INFO [audit] caller=\"eve\" \u2028\u0085\u202Eb\\",
                    new Delivery.Failed("away", true),
                    1,
                    1);
            reports.report("\u0000", new Delivery.Unknown("silence"), 1, 1);
        } finally {
            log.removeHandler(listener);
        }

        // Then
        assertThat(said)
                .containsExactly(
                        "a??2026 INFO [audit] caller=?eve? ???b? not delivered: away", "? sent, fate unknown: silence");
    }

    private final class Listener extends Handler {
        @Override
        public void publish(LogRecord line) {
            said.add(line.getMessage());
        }

        @Override
        public void flush() {
            // Nothing is held back.
        }

        @Override
        public void close() {
            // Nothing is open.
        }
    }
}
