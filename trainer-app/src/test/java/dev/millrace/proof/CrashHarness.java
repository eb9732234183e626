package dev.millrace.proof;

import dev.millrace.testing.AppProcess;
import dev.millrace.testing.EmbeddedKafka;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;

/// Trains one topic twice, once undisturbed and once killed again and again, and holds the two ends together.
///
/// The kills are `kill -9` from outside: the packaged trainer knows nothing of them.
final class CrashHarness {
    private static final int KEEP = 3;
    /// Of so many kills in a row, two are aimed at the writing of a checkpoint.
    private static final int MOMENTS_WITH_CHECKPOINTS = 4;

    private final Path module;
    private final Path directory;
    private final Options options;
    private final Consumer<String> progress;

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
            DocumentLog log = DocumentLog.produce(kafka, options.documents(), options.partitions(), options.seed());
            progress.accept("%,d documents, %,d of them sent twice, and %,d records that are none on %d partitions"
                    .formatted(options.documents(), log.repeated(), log.poison().size(), options.partitions()));

            ProofRun undisturbed =
                    new ProofRun(module, directory, "undisturbed", kafka, Integer.MAX_VALUE, KEEP, Map.of());
            undisturbed.finish();
            DeadLetterCount letters = undisturbed.letters();
            long steps = undisturbed.checkpoints().newestStep();
            progress.accept("undisturbed: %,d steps".formatted(steps));

            KillPlan plan = new KillPlan(options.kills(), steps, new Random(options.seed()));
            ProofRun killed = new ProofRun(module, directory, "killed", kafka, plan.stride(), KEEP, Map.of());
            long bytes = undisturbed.checkpoints().bytes(steps);
            List<CrashReport.Kill> kills = new ArrayList<>();
            while (plan.hasNext()) {
                long began = killed.checkpoints().newestStep();
                CrashReport.Kill kill = kill(killed, plan.next(began), began, plan.stride(), bytes);
                kills.add(kill);
                progress.accept("kill %d of %d: %s, at step %,d%s"
                        .formatted(
                                kills.size(),
                                options.kills(),
                                kill.moment(),
                                kill.step(),
                                kill.inside().isEmpty() ? "" : ", inside " + kill.inside()));
            }
            killed.finish();
            return report(log, undisturbed, letters, killed, kills);
        }
    }

    private static CrashReport.Kill kill(ProofRun run, KillMoment moment, long began, int stride, long bytes)
            throws IOException, InterruptedException {
        CheckpointFiles checkpoints = run.checkpoints();
        try (AppProcess trainer = run.start()) {
            new KillWatch(trainer, checkpoints, began, stride, bytes).await(moment);
            trainer.kill();
            long last = ProofRun.lastStep(trainer);
            // Until it has done a step, what lies there is what the process before it left.
            Optional<CheckpointFiles.Unfinished> left = last > 0 ? checkpoints.unfinished() : Optional.empty();
            return new CrashReport.Kill(
                    moment,
                    began,
                    Math.max(began, last),
                    left.map(each -> "checkpoint %d: %d files, %,d of %,d bytes"
                                    .formatted(each.step(), each.files(), each.bytes(), bytes))
                            .orElse(""));
        }
    }

    private CrashReport report(
            DocumentLog log,
            ProofRun undisturbed,
            DeadLetterCount letters,
            ProofRun killed,
            List<CrashReport.Kill> kills)
            throws IOException, InterruptedException, ExecutionException {
        Comparison comparison = Comparison.of(log, undisturbed, killed);
        List<String> problems = new ArrayList<>(comparison.problems());
        problems.addAll(letters.problems("undisturbed", log.poison()));
        if (kills.size() >= MOMENTS_WITH_CHECKPOINTS
                && kills.stream().allMatch(kill -> kill.inside().isEmpty())) {
            problems.add("no kill met the writing of a checkpoint: nothing is shown of it; try another seed");
        }
        return new CrashReport(
                kills,
                killed.starts(),
                log.records(),
                log.poison().size(),
                comparison.repeatedLetters(),
                undisturbed.checkpoints().newestStep(),
                comparison,
                problems);
    }
}
