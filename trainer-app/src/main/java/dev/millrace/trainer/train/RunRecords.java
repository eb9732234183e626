package dev.millrace.trainer.train;

import dev.millrace.trainer.batch.SeenIds;
import dev.millrace.trainer.checkpoint.Checkpoint;
import dev.millrace.trainer.ledger.LedgerReader;
import dev.millrace.trainer.ledger.LedgerSoFar;
import dev.millrace.trainer.ledger.StepLedger;
import dev.millrace.trainer.publish.Outbox;
import dev.millrace.trainer.publish.PublishedMark;
import dev.millrace.trainer.publish.Publisher;
import dev.millrace.trainer.tokenize.DocumentTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/// What a run keeps beside its weights: the ledger of its steps, the dead letters that wait, the ids that it
/// has seen; and who makes them public. A replay makes nothing public: the run that it replays has done so.
final class RunRecords implements AutoCloseable, Checkpointer.Companions {
    private final DocumentTokenizer tokenizer;
    private final LedgerReader steps;
    private final StepLedger ledger;
    private final Outbox outbox;
    private final SeenIds seen;
    private final Optional<Publisher> publisher;

    private RunRecords(
            DocumentTokenizer tokenizer,
            LedgerReader steps,
            StepLedger ledger,
            Outbox outbox,
            SeenIds seen,
            Optional<Publisher> publisher) {
        this.tokenizer = tokenizer;
        this.steps = steps;
        this.ledger = ledger;
        this.outbox = outbox;
        this.seen = seen;
        this.publisher = publisher;
    }

    /// Opens the records of a run as its checkpoint has them.
    ///
    /// @param tokenizer goes with each checkpoint
    /// @param owner the number of the run's owner
    /// @param checkpoint that it goes on from
    /// @param soFar what the ledger says there
    /// @param topic of its documents
    /// @param clientSettings of Kafka
    /// @param complaints about what was found damaged, and what could not be published
    static RunRecords open(
            RunSettings settings,
            DocumentTokenizer tokenizer,
            long owner,
            Optional<Checkpoint> checkpoint,
            LedgerSoFar soFar,
            String topic,
            String group,
            Map<String, Object> clientSettings,
            Consumer<String> complaints)
            throws IOException {
        int window = settings.intake().duplicateWindow();
        Outbox outbox = new Outbox();
        SeenIds seen = new SeenIds(window);
        if (checkpoint.isPresent()) {
            Path files = checkpoint.get().directory();
            outbox = Outbox.read(files);
            seen = SeenIds.read(files, window, checkpoint.get().manifest().cursor());
        }
        StepLedger ledger = StepLedger.open(soFar, owner, complaints);
        Optional<Publisher> publisher = Optional.empty();
        if (settings.checkpoint().replayFrom().isEmpty()) {
            Publisher.Place place = new Publisher.Place(
                    topic,
                    group,
                    settings.publish().deadLetterTopic(),
                    settings.publish().ledgerTopic());
            publisher = Optional.of(new Publisher(
                    clientSettings,
                    place,
                    PublishedMark.of(settings.checkpoint().directory()),
                    ledger.recorded(),
                    complaints));
        }
        return new RunRecords(tokenizer, soFar.reader(), ledger, outbox, seen, publisher);
    }

    StepLedger ledger() {
        return ledger;
    }

    Outbox outbox() {
        return outbox;
    }

    SeenIds seen() {
        return seen;
    }

    @Override
    public void addFiles(Path directory, Checkpointer.Covered covered) throws IOException {
        tokenizer.write(directory);
        outbox.write(directory, covered.step());
        seen.write(directory, covered.cursor());
    }

    @Override
    public boolean publish(Checkpointer.Covered covered) throws IOException, InterruptedException {
        if (publisher.isEmpty()) {
            outbox.forget(covered.step());
            return true;
        }
        Map<Integer, Long> offsets = new HashMap<>();
        covered.cursor()
                .partitions()
                .forEach(partition ->
                        offsets.put(partition.partition(), partition.position().offset()));
        return publisher.get().publish(covered.step(), outbox, steps::between, offsets);
    }

    @Override
    public void close() throws IOException {
        try (ledger) {
            publisher.ifPresent(Publisher::close);
        }
    }
}
