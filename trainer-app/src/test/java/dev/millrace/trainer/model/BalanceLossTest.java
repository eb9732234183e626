package dev.millrace.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.millrace.trainer.learn.Learner;
import dev.millrace.trainer.learn.SmallModels;
import dev.millrace.trainer.learn.TorchEngine;
import java.util.Comparator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class BalanceLossTest {
    private static final double ALPHA = 1e-4;
    private static final int ROWS = 2;
    private static final int LENGTH = 12;
    private static final int EXPERTS = 8;
    private static final int CHOSEN = 2;

    @BeforeAll
    static void startTheEngine() {
        TorchEngine.start(1);
    }

    /// Each sequence counts as often as it has tokens, for the sum over a step is divided by its tokens.
    @Test
    void itIsThatOfThePaperForEachSequence() {
        TokenGrid inputs = new TokenGrid(SmallModels.ids(3, ROWS * LENGTH, SmallModels.VOCABULARY), ROWS, LENGTH);
        try (Learner learner = SmallModels.learner(SmallModels.experts(), 5);
                NDManager scope = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            DeepSeekModel model = learner.model();
            MixtureOfExperts mixture = (MixtureOfExperts) model.layers().get(1).feedForward();
            BlockPart.Pass pass = model.pass(scope, inputs, true);
            NDArray x_BTM = model.embed(pass, inputs);

            // When
            mixture.forward(pass, x_BTM);

            // Then
            NDArray n_NM = pass.run("rms_norm", x_BTM, mixture.gain_M()).reshape(ROWS * LENGTH, -1);
            float[] scores = mixture.router().route(pass, n_NM).get(2).toFloatArray();
            double expected = 0;
            for (int row = 0; row < ROWS; row++) {
                expected += LENGTH * loss(scores, row);
            }
            assertThat(expected).isGreaterThan(LENGTH * ALPHA);
            assertThat((double) pass.auxiliaryLosses().getFirst().getFloat())
                    .isCloseTo(expected, within(1e-6 * expected));
        }
    }

    /// DeepSeek-V3, arXiv 2412.19437, eq. 17 to 20.
    private static double loss(float[] scores, int row) {
        double[] share = new double[EXPERTS];
        double[] frequency = new double[EXPERTS];
        for (int token = row * LENGTH; token < (row + 1) * LENGTH; token++) {
            int first = token * EXPERTS;
            double sum = IntStream.range(0, EXPERTS)
                    .mapToDouble(i -> scores[first + i])
                    .sum();
            for (int expert = 0; expert < EXPERTS; expert++) {
                share[expert] += scores[first + expert] / sum / LENGTH;
            }
            IntStream.range(0, EXPERTS)
                    .boxed()
                    .sorted(Comparator.comparingDouble(expert -> -scores[first + expert]))
                    .limit(CHOSEN)
                    .forEach(expert -> frequency[expert] += (double) EXPERTS / CHOSEN / LENGTH);
        }
        double loss = 0;
        for (int expert = 0; expert < EXPERTS; expert++) {
            loss += ALPHA * frequency[expert] * share[expert];
        }
        return loss;
    }
}
