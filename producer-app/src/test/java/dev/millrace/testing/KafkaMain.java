package dev.millrace.testing;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/// One broker in a process of its own, for `quarkus:dev`, the quickstart and tests that kill it.
///
/// Arguments: port, data directory. Creates the topics of Millrace, prints `kafka ready on localhost:PORT` and runs
/// until it is told to stop.
public final class KafkaMain {
    /// Documents to train on.
    public static final String DOCUMENTS = "deepseek-training-data";
    /// Records that are no documents, each with the reason.
    public static final String DEAD_LETTERS = "deepseek-dead-letters";
    public static final String LEDGER = "deepseek-training-ledger";
    /// How far files are on the log. Compacted.
    public static final String INGESTIONS = "deepseek-ingestions";

    private static final int PARTITIONS = 4;

    private KafkaMain() {}

    /// Creates the topic of cursors.
    public static void createIngestions(EmbeddedKafka kafka) {
        kafka.createTopic(INGESTIONS, 1, Map.of("cleanup.policy", "compact"));
    }

    public static void main(String[] args) throws Exception {
        if (args.length != 2) {
            System.err.println("usage: KafkaMain PORT DATA_DIRECTORY");
            System.exit(2);
        }
        int port = Integer.parseInt(args[0]);
        Path parent = Files.createDirectories(Path.of(args[1]));
        // A cluster id is new with each start, and so is the directory: nothing of an earlier run is taken for this
        // one's.
        EmbeddedKafka kafka = EmbeddedKafka.startOn(port, Files.createTempDirectory(parent, "kafka-"));
        CountDownLatch stopped = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            kafka.close();
            stopped.countDown();
        }));
        kafka.createTopic(DOCUMENTS, PARTITIONS);
        kafka.createTopic(DEAD_LETTERS, 1);
        kafka.createTopic(LEDGER, 1);
        createIngestions(kafka);
        System.out.println("kafka ready on " + kafka.bootstrapServers());
        stopped.await();
    }
}
