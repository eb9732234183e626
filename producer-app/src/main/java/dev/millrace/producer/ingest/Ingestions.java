package dev.millrace.producer.ingest;

import dev.millrace.producer.document.DocumentForms;
import dev.millrace.producer.document.DocumentLimits;
import dev.millrace.producer.document.DocumentReader;
import dev.millrace.producer.document.QualityConfig;
import dev.millrace.producer.document.QualityRules;
import dev.millrace.producer.document.Rejections;
import dev.millrace.producer.publish.Transactions;
import dev.millrace.producer.source.Reading;
import dev.millrace.producer.store.ConfiguredStore;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;

/// Makes ingestions as the settings say. Thread-safe.
@Singleton
class Ingestions {
    private static final Duration RETRY = Duration.ofSeconds(1);

    private final Reading reading;
    private final IngestConfig config;
    private final Transactions transactions;
    private final Rejections rejections;

    Ingestions(
            DocumentLimits limits,
            QualityConfig quality,
            IngestConfig config,
            Transactions transactions,
            ConfiguredStore store,
            Rejections rejections) {
        DocumentReader documents = DocumentReader.of(limits, quality);
        DocumentForms forms = new DocumentForms(
                documents, limits.maxNameLength(), limits.maxParts(), QualityRules.of(quality), store.media());
        this.reading = new Reading(
                documents,
                config.textColumn(),
                config.idColumn(),
                config.media() ? Optional.of(forms) : Optional.empty());
        this.config = config;
        this.transactions = transactions;
        this.rejections = rejections;
    }

    /// @param out takes progress lines
    Course lines(Consumer<String> out) {
        return new CourseLines(config.progressInterval(), out);
    }

    /// The logs of an ingestion.
    IngestionLog.Opener opener(String id) {
        return KafkaIngestionLog.opener(transactions, id, config.cursorTopic());
    }

    /// @param served whether a server runs it
    Ingestion create(IngestionSource source, boolean served, Course course) {
        return new Ingestion(
                source.root(),
                served,
                reading,
                opener(source.id()),
                new Ingestion.Settings(config.commitInterval(), config.patience(), RETRY),
                rejections::count,
                course);
    }
}
