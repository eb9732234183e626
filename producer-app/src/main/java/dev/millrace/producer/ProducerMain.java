package dev.millrace.producer;

import dev.millrace.producer.ingest.IngestCommand;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.QuarkusApplication;
import io.quarkus.runtime.annotations.QuarkusMain;
import java.util.List;

/// `producer-app` serves HTTP; `producer-app ingest PATH…` puts files on the log and ends.
@QuarkusMain
public final class ProducerMain implements QuarkusApplication {
    private static final String INGEST = "ingest";
    /// 128 + SIGTERM: what a native executable reports for an order that it obeyed.
    private static final int TERMINATED = 143;

    private final IngestCommand ingest;

    ProducerMain(IngestCommand ingest) {
        this.ingest = ingest;
    }

    public static void main(String... args) {
        if (args.length > 0 && args[0].equals(INGEST)) {
            // A command serves nobody, and may run beside a server.
            System.setProperty("quarkus.http.host-enabled", "false");
        }
        Quarkus.run(ProducerMain.class, (code, error) -> System.exit(code == TERMINATED ? 0 : code), args);
    }

    @Override
    public int run(String... args) throws InterruptedException {
        if (args.length == 0) {
            TerminationSignal.onTerminate(() -> Quarkus.asyncExit(0));
            Quarkus.waitForExit();
            return 0;
        }
        if (args[0].equals(INGEST)) {
            return ingest.run(List.of(args).subList(1, args.length));
        }
        System.err.println("usage: producer-app [ingest PATH…]");
        return 2;
    }
}
