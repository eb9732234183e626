package dev.millrace.producer.publish;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The answers to the last so many names: what is on its way, and what is on the log. A name whose document is
/// certainly not on the log, or may not be, is forgotten: its document is to be sent again.
///
/// About 200 bytes a name. Thread-safe.
final class RecentAnswers {
    private final Map<Mark, Known> known;

    /// No record: another of the same content is another one.
    private static final class Known {
        private final Mark content;
        private final CompletableFuture<Answer> answer = new CompletableFuture<>();

        private Known(Mark content) {
            this.content = content;
        }
    }

    /// What is known of a name.
    sealed interface Found {
        /// Nothing; the document was sent, and this will be its answer.
        record First(CompletableFuture<Answer> answer) implements Found {}

        /// The same document came under it.
        record Again(CompletableFuture<Answer> answer) implements Found {}

        /// Another document came under it.
        record Other() implements Found {}
    }

    /// @param size in names; the oldest makes room for the newest
    RecentAnswers(int size) {
        // Grows as it is filled: an idle server pays nothing.
        this.known = new LinkedHashMap<>() {
            @Override
            protected boolean removeEldestEntry(Map.Entry<Mark, Known> eldest) {
                return size() > size;
            }
        };
    }

    /// Sends a document unless its name is known. Who comes while the first is on its way has its answer.
    ///
    /// @param content tells documents apart that come under one name
    /// @param send run at most once, by the caller's thread, with no lock held
    Found once(Mark name, Mark content, Supplier<CompletableFuture<Answer>> send) {
        Known claim = new Known(content);
        Optional<Known> before = claim(name, claim);
        if (before.isPresent()) {
            return before.get().content.equals(content) ? new Found.Again(before.get().answer) : new Found.Other();
        }
        try {
            var _ = send.get().whenComplete((answer, error) -> settle(name, claim, answer, error));
        } catch (RuntimeException | Error e) {
            // Kept, it would be waited for by everyone who sends the document again.
            settle(name, claim, null, e);
        }
        return new Found.First(claim.answer);
    }

    private synchronized Optional<Known> claim(Mark name, Known claim) {
        return Optional.ofNullable(known.putIfAbsent(name, claim));
    }

    private void settle(Mark name, Known claim, @Nullable Answer answer, @Nullable Throwable error) {
        // Forgotten before it is told: who tries again at once is not told the same again.
        if (answer == null) {
            forget(name, claim);
            claim.answer.completeExceptionally(error == null ? new IllegalStateException("no answer came") : error);
            return;
        }
        switch (answer) {
            case Delivery.Delivered _, Answer.Duplicate _ -> {}
            case Delivery.Failed _, Delivery.Unknown _, Answer.Conflict _ -> forget(name, claim);
        }
        claim.answer.complete(answer);
    }

    /// Unless another has taken its place since.
    private synchronized void forget(Mark name, Known claim) {
        known.remove(name, claim);
    }

    synchronized int size() {
        return known.size();
    }
}
