package dev.millrace.producer.ingest;

import dev.millrace.producer.document.DocumentLimits;
import dev.millrace.producer.document.DocumentReader;
import dev.millrace.producer.document.QualityConfig;
import dev.millrace.producer.publish.Transactions;
import dev.millrace.producer.source.Reading;
import jakarta.inject.Singleton;
import java.util.function.Consumer;

/// Makes ingestions as the settings say. Thread-safe.
@Singleton
class Ingestions {
    private final Reading reading;
    private final IngestConfig config;
    private final Transactions transactions;

    Ingestions(DocumentLimits limits, QualityConfig quality, IngestConfig config, Transactions transactions) {
        this.reading = new Reading(DocumentReader.of(limits, quality), config.textColumn(), config.idColumn());
        this.config = config;
        this.transactions = transactions;
    }

    /// @param served whether a server runs it
    /// @param out takes progress lines
    Ingestion create(IngestionSource source, boolean served, Consumer<String> out) {
        return new Ingestion(
                source.root(),
                served,
                reading,
                () -> KafkaIngestionLog.open(transactions, source.id(), config.cursorTopic()),
                new Ingestion.Settings(config.commitInterval(), config.patience(), config.progressInterval()),
                out);
    }
}
