package dev.millrace.producer.access;

import dev.millrace.producer.document.Printable;
import jakarta.inject.Singleton;
import java.util.OptionalInt;
import org.jboss.logging.Logger;

/// Who did what, and what came of it: a line per request, in a log category of its own. No contents, no secrets.
/// Thread-safe.
@Singleton
public final class AuditLog {
    private static final Logger LOG = Logger.getLogger("dev.millrace.producer.audit");

    private final boolean written;

    AuditLog(SecurityConfig config, Access access) {
        this.written = config.audit() && !access.open();
    }

    public boolean isWritten() {
        return written;
    }

    /// @param caller by name; empty where nobody is known
    /// @param from the address that the request came from
    /// @param status that it was answered with; empty where it was not, for its client went away
    /// @param outcome `name=value` each, after a blank
    public void write(String caller, String from, String method, String path, OptionalInt status, String outcome) {
        LOG.infof(
                "caller=\"%s\" from=%s method=%s path=\"%s\" status=%s%s",
                Printable.of(caller),
                from,
                Printable.of(method),
                Printable.of(path),
                status.isPresent() ? status.getAsInt() : "none",
                outcome);
    }
}
