package dev.millrace.producer;

import dev.millrace.producer.api.ApiConfig;
import dev.millrace.producer.api.OpenStreams;
import dev.millrace.producer.ingest.IngestCommand;
import dev.millrace.producer.ingest.IngestionJobs;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.QuarkusApplication;
import io.quarkus.runtime.annotations.QuarkusMain;
import java.util.List;
import java.util.Set;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// `producer-app` serves HTTP; `producer-app ingest PATH…` puts files on the log and ends.
@QuarkusMain
public final class ProducerMain implements QuarkusApplication {
    private static final Logger LOG = Logger.getLogger(ProducerMain.class);
    private static final String INGEST = "ingest";
    private static final Set<String> HELP = Set.of("--help", "-h");
    private static final int USAGE = 2;
    private static final int FAILED = 1;

    private final IngestCommand ingest;
    private final IngestionJobs jobs;
    private final OpenStreams streams;
    private final ApiConfig config;

    ProducerMain(IngestCommand ingest, IngestionJobs jobs, OpenStreams streams, ApiConfig config) {
        this.ingest = ingest;
        this.jobs = jobs;
        this.streams = streams;
        this.config = config;
    }

    public static void main(String... args) {
        if (args.length > 0 && (!args[0].equals(INGEST) || args.length == 1 || HELP.contains(args[1]))) {
            explain(HELP.contains(args[args.length - 1]));
            return;
        }
        if (args.length > 0) {
            // A command serves nobody, and may run beside a server.
            System.setProperty("quarkus.http.host-enabled", "false");
        }
        Quarkus.run(ProducerMain.class, ProducerMain::end, args);
    }

    /// Ahead of Quarkus, which would begin to serve.
    private static void explain(boolean asked) {
        (asked ? System.out : System.err).print("""
                usage: producer-app                serves HTTP
                       producer-app ingest PATH... puts files, directories and patterns of files on the log, and ends with
                                                   0 if every document is there, 1 if not, 2 for a wrong path,
                                                   3 when told to stop: run it again to go on
                """);
        System.exit(asked ? 0 : USAGE);
    }

    private static void end(int code, @Nullable Throwable error) {
        if (error != null) {
            LOG.error("the producer ends: " + root(error).getMessage(), error);
        }
        System.exit(code);
    }

    private static Throwable root(Throwable error) {
        Throwable root = error;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root;
    }

    @Override
    public int run(String... args) throws InterruptedException {
        if (args.length == 0) {
            TerminationSignal.onTerminate(() -> Quarkus.asyncExit(0));
            jobs.start();
            Quarkus.waitForExit();
            if (!streams.finish(config.drainTimeout())) {
                LOG.warnf(
                        "streams are cut off: not reported within millrace.api.drain-timeout = %s",
                        config.drainTimeout());
            }
            return 0;
        }
        TerminationSignal.onTerminate(ingest::stop);
        try {
            return ingest.run(List.of(args).subList(1, args.length)).code();
        } catch (RuntimeException | Error e) {
            // Later nothing is logged any more.
            LOG.error("the ingestion broke off by a fault of the producer", e);
            return FAILED;
        }
    }
}
