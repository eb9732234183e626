package dev.millrace.producer;

import dev.millrace.producer.api.ApiConfig;
import dev.millrace.producer.api.OpenStreams;
import dev.millrace.producer.ingest.IngestCommand;
import dev.millrace.producer.ingest.IngestionJobs;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.QuarkusApplication;
import io.quarkus.runtime.annotations.QuarkusMain;
import java.util.List;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// `producer-app` serves HTTP; `producer-app ingest PATH…` puts files on the log and ends.
@QuarkusMain
public final class ProducerMain implements QuarkusApplication {
    private static final Logger LOG = Logger.getLogger(ProducerMain.class);
    private static final String INGEST = "ingest";

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
        if (args.length > 0 && args[0].equals(INGEST)) {
            // A command serves nobody, and may run beside a server.
            System.setProperty("quarkus.http.host-enabled", "false");
        }
        Quarkus.run(ProducerMain.class, ProducerMain::end, args);
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
        if (args[0].equals(INGEST)) {
            TerminationSignal.onTerminate(ingest::stop);
            return ingest.run(List.of(args).subList(1, args.length)).code();
        }
        System.err.println("usage: producer-app [ingest PATH…]");
        return 2;
    }
}
