package dev.millrace.producer.observe;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.config.MeterFilterReply;
import jakarta.inject.Singleton;
import java.util.Set;

/// Keeps clients from making up labels of metrics, which are kept for ever: requests by methods that HTTP does not know
/// are not counted. Their paths are folded by `quarkus.micrometer.binder.http-server.match-patterns`.
///
/// They are denied, not renamed: the registry would remember each name that was renamed.
@Singleton
public final class RequestLabels implements MeterFilter {
    private static final Set<String> METHODS =
            Set.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT");

    @Override
    public MeterFilterReply accept(Meter.Id id) {
        String method = id.getName().startsWith("http.server.") ? id.getTag("method") : null;
        return method == null || METHODS.contains(method) ? MeterFilterReply.NEUTRAL : MeterFilterReply.DENY;
    }
}
