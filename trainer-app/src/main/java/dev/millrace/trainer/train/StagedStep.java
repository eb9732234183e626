package dev.millrace.trainer.train;

import dev.millrace.trainer.batch.StepBatch;
import dev.millrace.trainer.learn.Learner;
import dev.millrace.trainer.model.TokenGrid;
import dev.millrace.trainer.pack.Window;
import java.util.ArrayList;
import java.util.List;

/// A step whose tokens are on the devices, or on their way there. The training thread has two at most: the step that
/// it is at, and the next, which is brought over before the one it is at is begun. Neither is state: a run that ends
/// in between makes it again.
record StagedStep(StepBatch batch, List<Learner.MicroBatch> microBatches) implements AutoCloseable {
    /// @param rows windows of a micro-batch
    /// @param documentMask whether documents are kept apart
    static StagedStep of(StepBatch batch, Learner learner, int rows, boolean documentMask) {
        StagedStep staged = new StagedStep(batch, new ArrayList<>());
        List<Window> windows = batch.windows();
        try {
            for (int from = 0; from < windows.size(); from += rows) {
                staged.add(learner, windows.subList(from, Math.min(from + rows, windows.size())), documentMask);
            }
            return staged;
        } catch (RuntimeException | Error e) {
            staged.close();
            throw e;
        }
    }

    private void add(Learner learner, List<Window> windows, boolean documentMask) {
        int columns = windows.getFirst().length();
        int[] inputs = new int[windows.size() * columns];
        int[] wanted = new int[inputs.length];
        int[] places = new int[inputs.length];
        for (int row = 0; row < windows.size(); row++) {
            windows.get(row).copyInputs(inputs, row * columns);
            windows.get(row).copyTargets(wanted, row * columns);
            windows.get(row).copyPlaces(places, row * columns);
        }
        TokenGrid grid = new TokenGrid(inputs, windows.size(), columns);
        microBatches.add(learner.stage(
                microBatches.size(),
                documentMask ? grid.apart(places) : grid,
                new TokenGrid(wanted, windows.size(), columns)));
    }

    @Override
    public void close() {
        microBatches.forEach(Learner.MicroBatch::close);
    }
}
