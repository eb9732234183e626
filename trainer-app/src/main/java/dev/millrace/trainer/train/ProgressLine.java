package dev.millrace.trainer.train;

import dev.millrace.trainer.batch.Bounds;
import dev.millrace.trainer.batch.Cursor;
import dev.millrace.trainer.batch.PartitionCursor;
import java.time.Duration;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/// The line that shows a person how a run goes.
final class ProgressLine {
    private ProgressLine() {}

    static String of(StepReport report, TrainingStatus.Totals totals, OptionalLong maxSteps, OptionalDouble share) {
        long spent = totals.computeNanos() + totals.waitNanos();
        double tokensPerSecond = spent == 0 ? 0 : totals.targets() * 1e9 / spent;
        StringBuilder line = new StringBuilder();
        line.append(String.format(Locale.ROOT, "step %,d", report.step()));
        maxSteps.ifPresent(max -> line.append(String.format(Locale.ROOT, " of %,d", max)));
        line.append(String.format(
                Locale.ROOT,
                "  loss %.4f  gradient norm %.3f  learning rate %.2e  %,.0f tokens/s  waiting %.1f %%",
                report.loss(),
                report.gradientNorm(),
                report.learningRate(),
                tokensPerSecond,
                100 * totals.waitingShare()));
        share.ifPresent(done -> line.append(String.format(Locale.ROOT, "  %.0f %% done", 100 * done)));
        report.outcome()
                .skipped()
                .ifPresent(reason -> line.append("  SKIPPED: ").append(reason));
        return line.toString();
    }

    /// The time that is left, where the share done since this process began tells it.
    static String eta(double shareAtStart, double share, Duration spent) {
        if (share <= shareAtStart) {
            return "";
        }
        double left = spent.toSeconds() * (1 - share) / (share - shareAtStart);
        Duration rest = Duration.ofSeconds(Math.round(left));
        return String.format(Locale.ROOT, "  ETA %d:%02d", rest.toMinutes(), rest.toSecondsPart());
    }

    /// The share of a bounded run that is trained, by offsets; of one with `max-steps`, by steps.
    static OptionalDouble share(long step, Cursor cursor, OptionalLong maxSteps, java.util.Optional<Bounds> bounds) {
        OptionalDouble bySteps =
                maxSteps.isPresent() ? OptionalDouble.of((double) step / maxSteps.getAsLong()) : OptionalDouble.empty();
        if (bounds.isEmpty()) {
            return bySteps;
        }
        long all = 0;
        long done = 0;
        for (PartitionCursor partition : cursor.partitions()) {
            Bounds.Stretch stretch = bounds.get().ranges().get(partition.partition());
            if (stretch != null) {
                long size = stretch.end() - stretch.first();
                all += size * bounds.get().epochs();
                done += partition.done()
                        ? size * bounds.get().epochs()
                        : size * partition.position().epoch()
                                + partition.position().offset()
                                - stretch.first();
            }
        }
        double byOffsets = all == 0 ? 1 : (double) done / all;
        return OptionalDouble.of(bySteps.isPresent() ? Math.max(byOffsets, bySteps.getAsDouble()) : byOffsets);
    }
}
