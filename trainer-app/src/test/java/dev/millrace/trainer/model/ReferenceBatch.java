package dev.millrace.trainer.model;

import dev.millrace.trainer.learn.Learner;
import dev.millrace.trainer.weights.SafetensorsFile;
import java.io.IOException;
import java.util.Arrays;

/// A batch of a fixture. Hugging Face's labels are shifted inside its loss, ours before: the target of a place is the
/// label of the next.
record ReferenceBatch(TokenGrid inputs, TokenGrid targets) {

    static ReferenceBatch of(SafetensorsFile file, String idsName, String labelsName, int batch, int rows)
            throws IOException {
        long[] shape = file.shape(idsName).getShape();
        int columns = Math.toIntExact(shape[shape.length - 1]);
        int size = rows * columns;
        int[] ids = Arrays.copyOfRange(file.ints(idsName), batch * size, (batch + 1) * size);
        int[] labels = Arrays.copyOfRange(file.ints(labelsName), batch * size, (batch + 1) * size);
        int[] targets = new int[size];
        for (int i = 0; i < size; i++) {
            targets[i] = i % columns == columns - 1 ? DeepSeekModel.IGNORED_TARGET : labels[i + 1];
        }
        return new ReferenceBatch(new TokenGrid(ids, rows, columns), new TokenGrid(targets, rows, columns));
    }

    void accumulateIn(Learner learner) {
        learner.accumulate(inputs, targets, targets.trainedTargets());
    }
}
