package dev.millrace.proof;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.testing.AppProcess;
import dev.millrace.testing.EmbeddedKafka;
import dev.millrace.testing.KafkaMain;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;

/// Trains one topic twice, once undisturbed and once killed again and again, and holds the two ends together.
///
/// The kills are `kill -9` from outside: the packaged trainer knows nothing of them.
final class CrashHarness {
    private static final int KEEP = 3;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path module;
    private final Path directory;
    private final Options options;
    private final Consumer<String> progress;
    private final List<String> problems = new ArrayList<>();

    /// @param seed of documents, poison and moments
    record Options(int kills, long seed, int documents, int partitions) {
        Options {
            if (kills < 1 || documents < 1 || partitions < 1) {
                throw new IllegalArgumentException("kills, documents and partitions must be at least 1, not " + kills
                        + ", " + documents + " and " + partitions);
            }
        }
    }

    /// @param module of the trainer, packaged
    /// @param directory for broker, checkpoints and logs
    /// @param progress is told how it goes
    CrashHarness(Path module, Path directory, Options options, Consumer<String> progress) {
        this.module = module;
        this.directory = directory;
        this.options = options;
        this.progress = progress;
    }

    CrashReport run() throws IOException, InterruptedException, ExecutionException {
        try (EmbeddedKafka kafka = EmbeddedKafka.start(1, directory)) {
            kafka.createTopic(KafkaMain.DOCUMENTS, options.partitions());
            DocumentLog log = DocumentLog.produce(kafka, options.documents(), options.partitions(), options.seed());
            progress.accept("%,d documents and %,d records that are none on %d partitions"
                    .formatted(options.documents(), log.poison().size(), options.partitions()));

            ProofRun undisturbed = new ProofRun(module, directory, "undisturbed", kafka, Integer.MAX_VALUE, KEEP);
            undisturbed.finish();
            long steps = undisturbed.checkpoints().newestStep();
            progress.accept("undisturbed: %,d steps".formatted(steps));

            // No process comes further than two strides, so all kills lie within the run.
            int stride = Math.toIntExact(steps / (2L * (options.kills() + 1)));
            if (stride < 1) {
                throw new IllegalArgumentException(
                        "%d steps are too few for %d kills: use more documents".formatted(steps, options.kills()));
            }
            ProofRun killed = new ProofRun(module, directory, "killed", kafka, stride, KEEP);
            long bytes = undisturbed.checkpoints().bytes(steps);
            List<CrashReport.Kill> kills = new ArrayList<>();
            for (KillMoment moment : KillMoment.plan(options.kills(), stride, new Random(options.seed()))) {
                CrashReport.Kill kill = kill(killed, moment, stride, bytes);
                kills.add(kill);
                progress.accept("kill %d of %d: %s, at step %,d%s"
                        .formatted(
                                kills.size(),
                                options.kills(),
                                moment,
                                kill.step(),
                                kill.inside().isEmpty() ? "" : ", inside " + kill.inside()));
            }
            killed.finish();
            return compare(kafka, log, undisturbed, killed, kills);
        }
    }

    private static CrashReport.Kill kill(ProofRun run, KillMoment moment, int stride, long bytes)
            throws IOException, InterruptedException {
        CheckpointFiles checkpoints = run.checkpoints();
        long began = checkpoints.newestStep();
        try (AppProcess trainer = run.start()) {
            new KillWatch(trainer, checkpoints, began, stride, bytes).await(moment);
            trainer.kill();
            Optional<CheckpointFiles.Unfinished> left = checkpoints.unfinished();
            return new CrashReport.Kill(
                    moment,
                    began,
                    Math.max(began, ProofRun.lastStep(trainer)),
                    left.map(each -> "checkpoint %d: %d files, %,d of %,d bytes"
                                    .formatted(each.step(), each.files(), each.bytes(), bytes))
                            .orElse(""));
        }
    }

    private CrashReport compare(
            EmbeddedKafka kafka, DocumentLog log, ProofRun undisturbed, ProofRun killed, List<CrashReport.Kill> kills)
            throws IOException {
        Path expected = undisturbed.checkpoints().newest();
        Path actual = killed.checkpoints().newest();
        CrashReport.Both weights = hashes(expected, actual, "model.safetensors");
        CrashReport.Both optimizer = hashes(expected, actual, "optimizer.safetensors");
        require(weights.equal(), "the final weights differ");
        require(optimizer.equal(), "the optimizer's final state differs");
        JsonNode manifest = manifest(actual);
        require(manifest.equals(manifest(expected)), "the manifests of " + expected + " and " + actual + " differ");
        requireCount(manifest, "/cursor/counts/records", log.records());
        requireCount(manifest, "/cursor/counts/rejected", log.poison().size());
        requireCount(manifest, "/cursor/counts/tokens", log.tokens());
        requireCount(manifest, "/targets", log.targets());
        if (kills.size() >= 4) {
            require(
                    kills.stream().anyMatch(kill -> !kill.inside().isEmpty()),
                    "no kill met the writing of a checkpoint: nothing is shown of it; try another seed");
        }

        letters(kafka, log, undisturbed);
        DeadLetterCount letters = letters(kafka, log, killed);
        LedgerAudit.Finding ledger = audit(log, undisturbed, killed);
        return new CrashReport(
                kills,
                killed.starts(),
                log.records(),
                log.poison().size(),
                letters.repeats(),
                undisturbed.checkpoints().newestStep(),
                ledger,
                weights,
                optimizer,
                problems);
    }

    private DeadLetterCount letters(EmbeddedKafka kafka, DocumentLog log, ProofRun run) {
        DeadLetterCount letters = DeadLetterCount.read(kafka.bootstrapServers(), run.deadLetters());
        require(
                letters.missing(log.poison()).isEmpty(),
                "no dead letter on " + run.deadLetters() + " for " + letters.missing(log.poison()));
        require(
                letters.unfounded(log.poison()).isEmpty(),
                "dead letters on " + run.deadLetters() + " of good records: " + letters.unfounded(log.poison()));
        return letters;
    }

    private LedgerAudit.Finding audit(DocumentLog log, ProofRun undisturbed, ProofRun killed) throws IOException {
        if (!Files.exists(killed.ledger())) {
            return new LedgerAudit.Finding(0, 0, 0, 0, 0, List.of());
        }
        List<String> lines = Files.readAllLines(killed.ledger());
        LedgerAudit.Finding finding = LedgerAudit.of(lines, log.documents());
        problems.addAll(finding.problems());
        require(
                finding.steps() == undisturbed.checkpoints().newestStep(),
                "the ledger has " + finding.steps() + " steps");
        require(
                compositions(lines).equals(compositions(Files.readAllLines(undisturbed.ledger()))),
                "the ledgers " + undisturbed.ledger() + " and " + killed.ledger() + " compose steps differently");
        return finding;
    }

    private static List<String> compositions(List<String> ledger) {
        return ledger.stream().filter(line -> !line.contains("\"result\"")).toList();
    }

    private void requireCount(JsonNode manifest, String pointer, long expected) {
        require(
                manifest.at(pointer).asLong(-1) == expected,
                pointer + " is " + manifest.at(pointer) + ", not " + expected);
    }

    private void require(boolean holds, String problem) {
        if (!holds) {
            problems.add(problem);
        }
    }

    private static JsonNode manifest(Path checkpoint) throws IOException {
        return JSON.readTree(checkpoint.resolve("manifest.json").toFile());
    }

    private static CrashReport.Both hashes(Path expected, Path actual, String file) throws IOException {
        return new CrashReport.Both(sha256(expected.resolve(file)), sha256(actual.resolve(file)));
    }

    private static String sha256(Path file) throws IOException {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
