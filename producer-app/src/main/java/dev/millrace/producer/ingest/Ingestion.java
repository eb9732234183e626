package dev.millrace.producer.ingest;

import dev.millrace.producer.document.Admission;
import dev.millrace.producer.document.Document;
import dev.millrace.producer.document.DocumentReader;
import dev.millrace.producer.publish.Delivery;
import dev.millrace.producer.source.DocumentFile;
import dev.millrace.producer.source.Item;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import java.util.function.Function;

/// Files through admission to the log, in constant memory, with a durable cursor per file.
///
/// Delivery is at least once: a run that is killed goes on after the last cursor that it wrote, and what was
/// acknowledged since lies on the log twice; the key is the same, so both copies lie in one partition. A document
/// whose delivery failed holds the cursor, so the next run sends it again.
///
/// Runs on one thread; answers come on the producer's.
final class Ingestion {
    private static final Duration RETRY = Duration.ofSeconds(1);

    private final DocumentReader reader;
    private final Function<Document, CompletableFuture<Delivery>> publisher;
    private final CursorStore cursors;
    private final Settings settings;
    private final Consumer<String> progress;
    private final Totals totals = new Totals();
    private final Semaphore window;
    private final long began = System.nanoTime();
    private long lastProgress = began;

    /// @param window documents that may await the broker
    /// @param patience with a broker that is away
    /// @param interval between two progress lines, and two writes of the cursor
    record Settings(int window, Duration patience, Duration interval) {}

    Ingestion(
            DocumentReader reader,
            Function<Document, CompletableFuture<Delivery>> publisher,
            CursorStore cursors,
            Settings settings,
            Consumer<String> progress) {
        this.reader = reader;
        this.publisher = publisher;
        this.cursors = cursors;
        this.settings = settings;
        this.progress = progress;
        this.window = new Semaphore(settings.window());
    }

    /// Puts the files on the log, one after another.
    Totals run(List<DocumentFile> files) throws IOException, InterruptedException {
        for (DocumentFile file : files) {
            ingest(file);
        }
        progress.accept("done: " + totals.line(spent()));
        return totals;
    }

    private void ingest(DocumentFile file) throws IOException, InterruptedException {
        FileCursor from = cursors.load(file.path());
        if (from.bytes() > 0) {
            progress.accept(file.path() + ": goes on after line " + from.line());
        }
        AcknowledgedPrefix prefix = new AcknowledgedPrefix(from.line(), from.bytes());
        try {
            file.read(from.bytes(), from.line(), reader, item -> {
                take(file, item, prefix);
                if (System.nanoTime() - lastProgress >= settings.interval().toNanos()) {
                    lastProgress = System.nanoTime();
                    progress.accept(file.path() + " line " + item.line() + ": " + totals.line(spent()));
                    save(prefix, from);
                }
            });
            window.acquire(settings.window());
            window.release(settings.window());
        } finally {
            save(prefix, from);
        }
    }

    private void save(AcknowledgedPrefix prefix, FileCursor of) {
        try {
            cursors.save(prefix.cursor(of));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException("cannot write the cursor of " + of.file(), e);
        }
    }

    private void take(DocumentFile file, Item item, AcknowledgedPrefix prefix) throws InterruptedException {
        totals.documents.increment();
        AcknowledgedPrefix.Entry entry = prefix.begin(item.line(), item.end());
        switch (item.admission()) {
            case Admission.Rejected no -> {
                totals.rejected.increment();
                progress.accept(file.path() + " line " + item.line() + " rejected: " + no.describe());
                prefix.settle(entry);
            }
            case Admission.Accepted yes -> {
                window.acquire();
                var _ = send(yes.document()).whenComplete((delivery, error) -> {
                    count(delivery, yes.document(), prefix, entry);
                    window.release();
                });
            }
        }
    }

    /// Sends, and sends again while the broker is away and nothing can have reached it.
    private CompletableFuture<Delivery> send(Document document) throws InterruptedException {
        long deadline = System.nanoTime() + settings.patience().toNanos();
        CompletableFuture<Delivery> answer = publisher.apply(document);
        while (answer.getNow(null) instanceof Delivery.Failed failed
                && failed.unavailable()
                && System.nanoTime() < deadline) {
            progress.accept("waiting for the broker: " + failed.reason());
            Thread.sleep(RETRY);
            answer = publisher.apply(document);
        }
        return answer;
    }

    private void count(
            Delivery delivery, Document document, AcknowledgedPrefix prefix, AcknowledgedPrefix.Entry entry) {
        switch (delivery) {
            case Delivery.Delivered _ -> {
                totals.delivered.increment();
                totals.bytes.add(document.json().length);
                prefix.settle(entry);
            }
            case Delivery.Failed _ -> {
                totals.failed.increment();
                prefix.fail();
            }
            case Delivery.Unknown _ -> {
                totals.unknown.increment();
                prefix.fail();
            }
        }
    }

    private Duration spent() {
        return Duration.ofNanos(System.nanoTime() - began);
    }
}
