package dev.millrace.bench;

import dev.millrace.trainer.learn.Learner;
import dev.millrace.trainer.model.TokenGrid;
import java.util.Arrays;

/// The tokens of a step, one micro-batch, each of whose targets is the token after it.
///
/// @param inputs `[rows, columns]`
/// @param targets alike
record StepTokens(TokenGrid inputs, TokenGrid targets) {
    private static final double LEARNING_RATE = 1e-4;

    /// @param ids one more than there are places, or any more
    static StepTokens of(int[] ids, int rows, int columns) {
        int tokens = rows * columns;
        return new StepTokens(
                new TokenGrid(Arrays.copyOf(ids, tokens), rows, columns),
                new TokenGrid(Arrays.copyOfRange(ids, 1, tokens + 1), rows, columns));
    }

    int count() {
        return inputs.rows() * inputs.columns();
    }

    void accumulate(Learner learner) {
        learner.accumulate(inputs, targets, count());
    }

    void end(Learner learner) {
        learner.step(LEARNING_RATE);
    }

    void train(Learner learner) {
        accumulate(learner);
        end(learner);
    }
}
