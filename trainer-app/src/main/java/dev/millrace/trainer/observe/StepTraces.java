package dev.millrace.trainer.observe;

import dev.millrace.trainer.batch.Cursor;
import dev.millrace.trainer.batch.PartitionCursor;
import dev.millrace.trainer.intake.DocumentIntake;
import dev.millrace.trainer.train.StepReport;
import dev.millrace.trainer.train.TrainingStatus;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.Tracer;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;
import org.eclipse.microprofile.config.Config;

/// A span for each step of training, with links to the requests that brought its records: their `traceparent` is a
/// header of the record. Off unless `quarkus.otel.sdk.disabled` is false.
@Singleton
final class StepTraces {
    /// What a span holds of them (OpenTelemetry's default limit).
    private static final int LINKS = 128;
    private static final int REMEMBERED = 50_000;
    private static final Pattern TRACEPARENT = Pattern.compile("00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})");

    private final TrainingStatus status;
    private final DocumentIntake intake;
    private final Tracer tracer;
    private final boolean on;
    private final InstantSource clock = InstantSource.system();
    private final RecordTraces traces = new RecordTraces(REMEMBERED);

    StepTraces(TrainingStatus status, DocumentIntake intake, Tracer tracer, Config settings) {
        this.status = status;
        this.intake = intake;
        this.tracer = tracer;
        this.on = !settings.getOptionalValue("quarkus.otel.sdk.disabled", Boolean.class)
                .orElse(false);
    }

    void begin(@Observes StartupEvent event) {
        if (on) {
            intake.watch(this::fetched);
            status.watch(this::stepped);
        }
    }

    private void fetched(ConsumerRecord<byte[], byte[]> record) {
        Header header = record.headers().lastHeader("traceparent");
        traces.fetched(
                record.partition(),
                record.offset(),
                header == null || header.value() == null ? "" : new String(header.value(), StandardCharsets.US_ASCII));
    }

    /// @param before how far the log was used before the step
    private void stepped(Cursor before, StepReport report) {
        Instant end = clock.instant();
        SpanBuilder span = tracer.spanBuilder("train step")
                .setNoParent()
                .setStartTimestamp(end.minusNanos(report.computeNanos()))
                .setAttribute("millrace.step", report.step())
                .setAttribute("millrace.tokens", report.targets())
                .setAttribute("millrace.loss", report.loss());
        Map<Integer, PartitionCursor> begun =
                before.partitions().stream().collect(Collectors.toMap(PartitionCursor::partition, Function.identity()));
        int left = LINKS;
        for (PartitionCursor to : report.after().partitions()) {
            PartitionCursor from = begun.get(to.partition());
            if (from != null && from.position().compareTo(to.position()) < 0) {
                List<String> found = traces.take(
                        to.partition(), from.position().offset(), to.position().offset(), left);
                found.forEach(trace -> link(span, trace));
                left -= found.size();
            }
        }
        Span done = span.startSpan();
        done.end(end);
    }

    private static void link(SpanBuilder span, String trace) {
        Matcher parts = TRACEPARENT.matcher(trace);
        if (parts.matches()) {
            span.addLink(SpanContext.createFromRemoteParent(
                    parts.group(1), parts.group(2), TraceFlags.fromHex(parts.group(3), 0), TraceState.getDefault()));
        }
    }
}
