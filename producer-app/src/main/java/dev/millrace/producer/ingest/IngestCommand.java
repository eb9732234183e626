package dev.millrace.producer.ingest;

import dev.millrace.producer.source.DocumentFile;
import dev.millrace.producer.source.FileAccess;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jboss.logging.Logger;

/// `ingest PATH…`: files and directories onto the log, by the same binary. Each path is an ingestion of its own.
@Singleton
public final class IngestCommand {
    private static final Logger LOG = Logger.getLogger(IngestCommand.class);

    private final Ingestions ingestions;
    private volatile boolean stopped;
    private volatile @org.jspecify.annotations.Nullable Ingestion running;

    IngestCommand(Ingestions ingestions) {
        this.ingestions = ingestions;
    }

    /// How the command ends.
    public enum Exit {
        /// Every document is on the log.
        COMPLETE(0),
        /// One is not: rejected, refused, or not reached.
        INCOMPLETE(1),
        /// The paths are wrong.
        USAGE(2),
        /// Told to stop; run it again to go on.
        STOPPED(3);

        private final int code;

        Exit(int code) {
            this.code = code;
        }

        public int code() {
            return code;
        }
    }

    /// Commits what was read and ends, soon. From any thread.
    public void stop() {
        stopped = true;
        Ingestion now = running;
        if (now != null) {
            now.stop();
        }
    }

    public Exit run(List<String> paths) throws InterruptedException {
        Exit exit = Exit.COMPLETE;
        for (String path : paths) {
            Exit one = stopped ? Exit.STOPPED : run(Path.of(path));
            if (one != Exit.COMPLETE) {
                exit = one;
            }
            if (one == Exit.USAGE || one == Exit.STOPPED) {
                return one;
            }
        }
        return exit;
    }

    private Exit run(Path root) throws InterruptedException {
        IngestionSource source = IngestionSource.of(root);
        try {
            List<DocumentFile> files = source.files(FileAccess.ANY);
            try (Course course = course(files)) {
                Ingestion ingestion = ingestions.create(source, false, course);
                running = ingestion;
                if (stopped) {
                    ingestion.stop();
                }
                Ingestion.End end = ingestion.run(files);
                return end.stopped() ? Exit.STOPPED : end.totals().complete() ? Exit.COMPLETE : Exit.INCOMPLETE;
            }
        } catch (NoSuchFileException e) {
            LOG.errorf("cannot ingest: %s: %s", e.getFile(), e.getReason());
            return Exit.USAGE;
        } catch (IOException | IngestionFailedException | IllegalStateException e) {
            LOG.errorf("the ingestion of %s broke off: %s", root, e.getMessage());
            return Exit.INCOMPLETE;
        } finally {
            running = null;
        }
    }

    private Course course(List<DocumentFile> files) throws IOException {
        Optional<Terminal> terminal = Terminal.find();
        return terminal.isPresent()
                ? new CourseBar(terminal.get(), System.out, LOG::info, files)
                : ingestions.lines(LOG::info);
    }
}
