package dev.millrace.trainer.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.millrace.trainer.generate.HeldOutLoss;
import dev.millrace.trainer.learn.Learner;
import dev.millrace.trainer.learn.SmallModels;
import dev.millrace.trainer.learn.TorchEngine;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class HeldOutSetTest {
    private static final int LENGTH = 12;

    @BeforeAll
    static void startTheEngine() {
        TorchEngine.start(1);
    }

    private static HeldOutSet set(boolean documentMask, int maxTokens) {
        HeldOutSet.Builder builder = new HeldOutSet.Builder(new HeldOutSet.Shape(LENGTH, 2, documentMask), maxTokens);
        boolean room = true;
        for (int document = 0; document < 5 && room; document++) {
            room = builder.add(SmallModels.ids(document, 10, SmallModels.VOCABULARY), 25);
        }
        return builder.build().orElseThrow();
    }

    @Test
    void lossPerplexityAndBitsPerByteAreThoseOfEachTokenButTheFirst() {
        // Given: 50 tokens, so 49 targets in five windows, of which the last has one
        int[] tokens = new int[61];
        for (int document = 0; document < 5; document++) {
            System.arraycopy(SmallModels.ids(document, 10, SmallModels.VOCABULARY), 0, tokens, 10 * document, 10);
        }
        int[] targets = Arrays.copyOfRange(tokens, 1, 61);
        Arrays.fill(targets, 49, 60, -100);
        try (Learner learner = SmallModels.learner(SmallModels.config(2, false), 7)) {
            HeldOutLoss wanted = HeldOutLoss.measure(learner.model(), Arrays.copyOf(tokens, 60), targets, LENGTH, 1);

            // When
            Evaluation evaluation =
                    set(false, 1000).measure(learner.model(), () -> true).orElseThrow();

            // Then
            assertThat(evaluation.targets()).isEqualTo(49).isEqualTo(wanted.targets());
            assertThat(evaluation.loss()).isCloseTo(wanted.natsPerTarget(), within(1e-6));
            assertThat(evaluation.perplexity()).isCloseTo(Math.exp(evaluation.loss()), within(1e-9));
            assertThat(evaluation.bitsPerByte()).isCloseTo(evaluation.loss() * 49 / Math.log(2) / 125, within(1e-9));
        }
    }

    @Test
    void theSameWeightsGiveTheSameBitsAndWhatIsKeptApartIsMeasuredApart() {
        try (Learner learner = SmallModels.learner(SmallModels.experts(), 7)) {
            HeldOutSet set = set(false, 1000);
            Evaluation first = set.measure(learner.model(), () -> true).orElseThrow();

            assertThat(set.measure(learner.model(), () -> true)).contains(first);
            assertThat(set(true, 1000)
                            .measure(learner.model(), () -> true)
                            .orElseThrow()
                            .loss())
                    .isNotCloseTo(first.loss(), within(1e-5));
        }
    }

    @Test
    void onlyWholeDocumentsAreTakenAndNoMoreThanThereIsRoomFor() {
        assertThat(set(false, 39)).hasToString("3 held-out documents of 75 bytes in 3 windows");
        assertThat(set(false, 40)).hasToString("4 held-out documents of 100 bytes in 4 windows");
        assertThat(new HeldOutSet.Builder(new HeldOutSet.Shape(LENGTH, 2, false), 9).build())
                .isEmpty();
    }

    @Test
    void aRunThatIsToStopDropsIt() {
        AtomicInteger asked = new AtomicInteger();
        try (Learner learner = SmallModels.learner(SmallModels.config(2, false), 7)) {
            assertThat(set(false, 1000).measure(learner.model(), () -> asked.incrementAndGet() < 2))
                    .isEmpty();
        }
        assertThat(asked).hasValue(2);
    }
}
