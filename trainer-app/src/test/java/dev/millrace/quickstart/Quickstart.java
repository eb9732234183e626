package dev.millrace.quickstart;

import dev.millrace.trainer.checkpoint.Checkpoint;
import dev.millrace.trainer.checkpoint.CheckpointStore;
import dev.millrace.trainer.checkpoint.Retention;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Runs the whole way once and says how it went: `Quickstart REPOSITORY SOURCES_JAR`.
///
/// Ends with 0 when every document was acknowledged and consumed, and the model beats a table of byte pairs.
final class Quickstart {
    private static final long CORPUS_BYTES = 1_500_000;
    private static final int SEQUENCE = 256;
    private static final int MICRO_BATCH = 8;

    private final Path root;
    private final Path work;

    private Quickstart(Path root, Path work) {
        this.root = root;
        this.work = work;
    }

    public static void main(String[] arguments) {
        if (arguments.length != 2) {
            System.err.println("usage: Quickstart REPOSITORY SOURCES_JAR");
            System.exit(2);
        }
        int code = 1;
        try {
            Path root = Path.of(arguments[0]).toAbsolutePath().normalize();
            Path runs = Files.createDirectories(root.resolve("trainer-app/target/quickstart"));
            Quickstart quickstart = new Quickstart(root, Files.createTempDirectory(runs, "run-"));
            code = quickstart.run(Corpus.ofJar(Path.of(arguments[1]), CORPUS_BYTES)) ? 0 : 1;
        } catch (InterruptedException e) {
            System.err.println("The quickstart was interrupted");
        } catch (Exception e) {
            System.err.println("The quickstart failed: " + e.getMessage());
            if (e.getMessage() == null || e instanceof RuntimeException) {
                e.printStackTrace();
            }
        }
        System.exit(code);
    }

    private boolean run(Corpus corpus) throws Exception {
        BigramEntropy entropy = new BigramEntropy();
        corpus.fed().forEach(text -> entropy.add(text.bytes()));
        System.out.printf(
                "%d documents (%,d bytes) to feed, %d held out; logs in %s%n",
                corpus.fed().size(),
                Corpus.bytes(corpus.fed()),
                corpus.heldOut().size(),
                work);
        long acknowledged;
        Losses losses = new Losses();
        try (Cluster cluster = Cluster.open(work)) {
            System.out.println("kafka at " + cluster.bootstrapServers() + ", topic " + cluster.topic());
            acknowledged = feed(cluster, corpus.fed());
            System.out.println("the producer acknowledged " + acknowledged + " documents; training");
            train(cluster, corpus.fed(), losses);
        }
        Checkpoint checkpoint = lastCheckpoint();
        Trained trained = Trained.look(checkpoint, corpus.heldOut());
        Report report =
                new Report(corpus.fed().size(), acknowledged, checkpoint, losses.first(), entropy.nats(), trained);
        System.out.println(report.table());
        return report.passed();
    }

    private long feed(Cluster cluster, List<Corpus.Text> texts) throws IOException, InterruptedException {
        int port = Cluster.freePort();
        List<String> arguments = app("producer-app", port);
        arguments.add(1, "-Dmp.messaging.outgoing.documents.topic=" + cluster.topic());
        try (ChildProcess producer =
                ChildProcess.start("producer", work, arguments, environment(cluster), "Listening on", line -> {})) {
            producer.awaitReady(Duration.ofMinutes(1));
            return Feeder.feed(port, texts);
        }
    }

    private void train(Cluster cluster, List<Corpus.Text> texts, Losses losses)
            throws IOException, InterruptedException {
        Path shipped = root.resolve("trainer-app/src/main/resources/quickstart");
        // One token a byte, and one that begins each text.
        long steps = Math.max(100, (Corpus.bytes(texts) + texts.size()) / (SEQUENCE * MICRO_BATCH));
        List<String> arguments = new ArrayList<>(List.of(
                "-Dmp.messaging.incoming.documents.topic=" + cluster.topic(),
                "-Dmp.messaging.incoming.documents.group.id=" + cluster.topic(),
                "-Dmillrace.tokenizer.directory=" + shipped.resolve("tokenizer"),
                "-Dmillrace.train.model=" + shipped.resolve("config.json"),
                "-Dmillrace.checkpoint.directory=" + checkpoints(),
                "-Dmillrace.checkpoint.every-steps=500",
                "-Dmillrace.batch.sequence-length=" + SEQUENCE,
                "-Dmillrace.batch.micro-batch=" + MICRO_BATCH,
                "-Dmillrace.batch.accumulation=1",
                "-Dmillrace.train.epochs=1",
                "-Dmillrace.train.log-every=1",
                "-Dmillrace.train.learning-rate.peak=3e-3",
                "-Dmillrace.train.learning-rate.warmup-steps=30",
                "-Dmillrace.train.learning-rate.schedule=cosine",
                "-Dmillrace.train.learning-rate.decay-steps=" + steps,
                "-Dmillrace.train.learning-rate.floor=0.1"));
        arguments.addAll(cluster.trainerSettings());
        arguments.addAll(app("trainer-app", Cluster.freePort()));
        try (ChildProcess trainer =
                ChildProcess.start("trainer", work, arguments, environment(cluster), "Listening on", losses::see)) {
            trainer.awaitSuccess(Duration.ofMinutes(20));
        }
    }

    // The resource is the store; the stream is only told of damage.
    @SuppressWarnings("ClosingStandardOutputStreams")
    private Checkpoint lastCheckpoint() throws IOException, InterruptedException {
        try (CheckpointStore store = CheckpointStore.open(
                        checkpoints(), Retention.ofNewest(2), System.err::println, _ -> false)
                .orElseThrow()) {
            return store.latest()
                    .orElseThrow(() -> new IOException("the trainer left no checkpoint in " + checkpoints()));
        }
    }

    private Path checkpoints() {
        return work.resolve("checkpoints");
    }

    private List<String> app(String module, int port) {
        return new ArrayList<>(List.of(
                "-Xmx1g",
                "-Dquarkus.http.port=" + port,
                "-jar",
                root.resolve(module + "/target/quarkus-app/quarkus-run.jar").toString()));
    }

    private static Map<String, String> environment(Cluster cluster) {
        return Map.of("KAFKA_BOOTSTRAP_SERVERS", cluster.bootstrapServers());
    }
}
