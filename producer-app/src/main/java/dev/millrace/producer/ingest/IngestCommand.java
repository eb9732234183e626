package dev.millrace.producer.ingest;

import dev.millrace.producer.document.DocumentLimits;
import dev.millrace.producer.document.DocumentReader;
import dev.millrace.producer.publish.DocumentPublisher;
import dev.millrace.producer.source.DocumentFile;
import dev.millrace.producer.source.FileTree;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jboss.logging.Logger;

/// `ingest PATH…`: files and directories onto the log, by the same binary.
@Singleton
public final class IngestCommand {
    private static final Logger LOG = Logger.getLogger(IngestCommand.class);

    private final DocumentLimits limits;
    private final IngestConfig config;
    private final DocumentPublisher publisher;

    IngestCommand(DocumentLimits limits, IngestConfig config, DocumentPublisher publisher) {
        this.limits = limits;
        this.config = config;
        this.publisher = publisher;
    }

    /// @return the exit code: 0 where every document is on the log, 1 where one is not, 2 where the paths are wrong
    public int run(List<String> paths) throws InterruptedException {
        if (paths.isEmpty()) {
            LOG.error("usage: ingest PATH…");
            return 2;
        }
        List<DocumentFile> files;
        try {
            files = FileTree.expand(paths.stream().map(Path::of).toList());
        } catch (IOException e) {
            LOG.errorf("cannot ingest: %s", e.getMessage());
            return 2;
        }
        Ingestion ingestion = new Ingestion(
                DocumentReader.of(limits),
                publisher::publish,
                new CursorStore(config.stateDirectory()),
                new Ingestion.Settings(config.window(), config.patience(), config.progressInterval()),
                LOG::info);
        try {
            return ingestion.run(files).complete() ? 0 : 1;
        } catch (IOException e) {
            LOG.errorf(e, "the ingestion broke off: %s; run it again to go on", e.getMessage());
            return 1;
        }
    }
}
