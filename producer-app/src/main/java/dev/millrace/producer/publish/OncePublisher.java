package dev.millrace.producer.publish;

import dev.millrace.producer.document.Document;
import dev.millrace.producer.document.EncodingDamage;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.inject.Singleton;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/// Sends documents, and none again that is on the log or on its way as far as this replica remembers: a document under
/// an `Idempotency-Key`, one with an `id`, and, where that is asked for, one with a text that came before. Thread-safe.
@Singleton
public final class OncePublisher {
    private final DocumentPublisher publisher;
    private final Optional<RecentAnswers> retries;
    private final Optional<RecentAnswers> texts;
    private final Counter again;
    private final Counter duplicate;
    private final Counter conflict;
    private final Map<EncodingDamage, Counter> suspect = new EnumMap<>(EncodingDamage.class);

    OncePublisher(DocumentPublisher publisher, PublishConfig config, MeterRegistry registry) {
        this.publisher = publisher;
        this.retries = window(config.retryWindow(), "retry", registry);
        this.texts = window(config.duplicateWindow(), "duplicate", registry);
        this.again = counter(registry, "retry");
        this.duplicate = counter(registry, "duplicate");
        this.conflict = counter(registry, "conflict");
        for (EncodingDamage sign : EncodingDamage.values()) {
            suspect.put(
                    sign,
                    Counter.builder("millrace.suspect")
                            .description("Documents with signs of a wrong decoding that were flagged")
                            .tag("sign", sign.tag())
                            .register(registry));
        }
    }

    private static Optional<RecentAnswers> window(int size, String name, MeterRegistry registry) {
        if (size == 0) {
            return Optional.empty();
        }
        RecentAnswers window = new RecentAnswers(size);
        Gauge.builder("millrace.window.documents", window, RecentAnswers::size)
                .description("Documents that are remembered")
                .tag("window", name)
                .register(registry);
        return Optional.of(window);
    }

    private static Counter counter(MeterRegistry registry, String reason) {
        return Counter.builder("millrace.not.sent")
                .description("Documents that were not sent, because the same, or another of their name, was")
                .tag("reason", reason)
                .register(registry);
    }

    /// Whether publishing now waits for nothing, as far as can be told.
    ///
    /// @param topic one of [Topics]
    public boolean sendsAtOnce(String topic) {
        return publisher.sendsAtOnce(topic);
    }

    /// Why a document cannot be sent now, where the cluster says so. May wait for its answer.
    ///
    /// @param topic one of [Topics]
    public Optional<String> unavailable(String topic) {
        return publisher.unavailable(topic);
    }

    /// As [DocumentPublisher#publish].
    public CompletableFuture<Answer> publish(Document document, Origin origin) {
        document.damage()
                .ifPresent(sign -> Objects.requireNonNull(suspect.get(sign)).increment());
        return origin.idempotencyKey()
                .flatMap(key -> retries.map(window -> underKey(window, key, document, origin)))
                .orElseGet(() -> byId(document, origin));
    }

    private CompletableFuture<Answer> underKey(RecentAnswers window, String key, Document document, Origin origin) {
        Mark name = Mark.of("key", origin.caller(), key, Long.toString(origin.index()));
        Mark content = Mark.of(
                origin.topic(),
                document.clientId().orElse(""),
                document.source().orElse(""),
                document.essence(),
                document.contentHash(),
                document.carriedHash());
        return retry(
                window.once(name, content, () -> byId(document, origin)),
                "the Idempotency-Key was sent with another document");
    }

    private CompletableFuture<Answer> byId(Document document, Origin origin) {
        return document.clientId()
                .flatMap(id -> retries.map(window -> retry(
                        window.once(
                                Mark.of("id", origin.topic(), id),
                                Mark.ofHash(document.contentHash()),
                                () -> byText(document, origin)),
                        "the id was sent with another text")))
                .orElseGet(() -> byText(document, origin));
    }

    private CompletableFuture<Answer> retry(RecentAnswers.Found found, String otherwise) {
        return switch (found) {
            case RecentAnswers.Found.First first -> first.answer();
            case RecentAnswers.Found.Again known -> {
                again.increment();
                yield known.answer();
            }
            case RecentAnswers.Found.Other _ -> {
                conflict.increment();
                yield CompletableFuture.completedFuture(new Answer.Conflict(otherwise));
            }
        };
    }

    private CompletableFuture<Answer> byText(Document document, Origin origin) {
        if (texts.isEmpty()) {
            return publisher.publish(document, origin.topic(), origin.traceparent());
        }
        Mark text = Mark.of(origin.topic(), document.contentHash());
        RecentAnswers.Found found =
                texts.get().once(text, text, () -> publisher.publish(document, origin.topic(), origin.traceparent()));
        return switch (found) {
            case RecentAnswers.Found.First first -> first.answer();
            case RecentAnswers.Found.Again known -> {
                duplicate.increment();
                yield known.answer().thenApply(OncePublisher::asDuplicate);
            }
            case RecentAnswers.Found.Other _ -> throw new IllegalStateException("a text is what it is");
        };
    }

    private static Answer asDuplicate(Answer answer) {
        return answer instanceof Delivery.Delivered first ? new Answer.Duplicate(first) : answer;
    }
}
