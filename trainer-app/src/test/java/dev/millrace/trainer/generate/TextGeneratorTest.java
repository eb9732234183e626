package dev.millrace.trainer.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import dev.millrace.trainer.learn.Learner;
import dev.millrace.trainer.learn.LearnerSettings;
import dev.millrace.trainer.learn.SmallModels;
import dev.millrace.trainer.learn.TorchEngine;
import dev.millrace.trainer.model.DeepSeekModel;
import dev.millrace.trainer.model.TokenGrid;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@SuppressWarnings("NullAway.Init") // JUnit fills the field
class TextGeneratorTest {
    private static final int[] PROMPT = {1, 2, 3};
    private static Learner learner;

    @BeforeAll
    static void create() {
        TorchEngine.start(1);
        learner = SmallModels.learner(SmallModels.config(2, true), 11);
    }

    @AfterAll
    static void close() {
        learner.close();
    }

    @Test
    void saysTheSameFromTheSameSeed() {
        TextGenerator generator = new TextGenerator(learner.model(), 64);

        int[] first = generator.generate(PROMPT, sampling(1, 1, 20, OptionalInt.empty()));

        assertThat(first).hasSize(20);
        assertThat(generator.generate(PROMPT, sampling(1, 1, 20, OptionalInt.empty())))
                .isEqualTo(first);
        assertThat(generator.generate(PROMPT, sampling(1, 2, 20, OptionalInt.empty())))
                .isNotEqualTo(first);
    }

    /// Within what the model sees, a cache changes no token.
    @ParameterizedTest
    @ValueSource(strings = {"llama_gqa", "deepseek_v2_lite", "deepseek_v3", "deepseek_v3_yarn"})
    void saysTokenForTokenWhatItWouldSayIfItReadTheWholeTextEachTime(String fixture) throws Exception {
        try (Learner reference = Learner.load(
                Path.of("src/test/resources/fixtures", fixture), LearnerSettings.deepSeek(0), Device.cpu())) {
            DeepSeekModel model = reference.model();
            int[] prompt = SmallModels.ids(4, 70, model.config().vocabSize());
            TextGenerator generator = new TextGenerator(model, 110);
            for (double temperature : new double[] {0, 0.8, 1.5}) {
                Sampling sampling = new Sampling(temperature, 0.95, 3, 40, OptionalInt.empty());

                int[] cached = generator.generate(prompt, sampling);

                assertThat(cached).as("temperature " + temperature).isEqualTo(recomputed(model, prompt, sampling));
            }
        }
    }

    private static int[] recomputed(DeepSeekModel model, int[] prompt, Sampling sampling) {
        int[] tokens = Arrays.copyOf(prompt, prompt.length + sampling.maxTokens());
        for (int length = prompt.length; length < tokens.length; length++) {
            try (NDManager scope = NDManager.newBaseManager("PyTorch")) {
                float[] all = model.logits(scope, new TokenGrid(Arrays.copyOf(tokens, length), 1, length))
                        .toFloatArray();
                int vocabulary = model.config().vocabSize();
                tokens[length] = sampling.choose(
                        Arrays.copyOfRange(all, all.length - vocabulary, all.length), length - prompt.length);
            }
        }
        return Arrays.copyOfRange(tokens, prompt.length, tokens.length);
    }

    @Test
    void takesTheMostLikelyTokenWithoutTemperature() {
        TextGenerator generator = new TextGenerator(learner.model(), 64);

        assertThat(generator.generate(PROMPT, sampling(0, 1, 5, OptionalInt.empty())))
                .isEqualTo(generator.generate(PROMPT, sampling(0, 2, 5, OptionalInt.empty())));
    }

    @Test
    void endsBeforeTheStopToken() {
        TextGenerator generator = new TextGenerator(learner.model(), 64);
        int[] unstopped = generator.generate(PROMPT, sampling(1, 1, 20, OptionalInt.empty()));
        int stop = unstopped[7];

        int[] stopped = generator.generate(PROMPT, sampling(1, 1, 20, OptionalInt.of(stop)));

        assertThat(stopped).doesNotContain(stop).isEqualTo(Arrays.copyOf(unstopped, stopped.length));
        assertThat(unstopped[stopped.length]).isEqualTo(stop);
    }

    @Test
    void seesNoMoreThanItsContext() {
        TextGenerator generator = new TextGenerator(learner.model(), 4);
        int[] other = {9, 9, 9, 5, 6, 7, 8};

        assertThat(generator.generate(other, sampling(1, 1, 100, OptionalInt.empty())))
                .hasSize(100)
                .isEqualTo(generator.generate(new int[] {5, 6, 7, 8}, sampling(1, 1, 100, OptionalInt.empty())));
    }

    @Test
    void refusesWhatCannotBe() {
        assertThatThrownBy(() -> new TextGenerator(learner.model(), 65)).hasMessageContaining("context is 65");
        assertThatThrownBy(() -> new TextGenerator(learner.model(), 4)
                        .generate(new int[0], sampling(1, 1, 1, OptionalInt.empty())))
                .hasMessageContaining("prompt is empty");
        assertThatThrownBy(() -> new Sampling(-1, 1, 0, 1, OptionalInt.empty()))
                .hasMessageContaining("temperature is -1");
        assertThatThrownBy(() -> new Sampling(1, 0, 0, 1, OptionalInt.empty())).hasMessageContaining("topP is 0");
        assertThatThrownBy(() -> new Sampling(1, 1, 0, -1, OptionalInt.empty()))
                .hasMessageContaining("maxTokens is -1");
    }

    @Test
    void drawsFromTheNucleusInProportion() {
        // Given: probabilities 0.5, 0.3, 0.2, of which the first two hold 0.75
        float[] logits = {(float) Math.log(0.2), (float) Math.log(0.5), (float) Math.log(0.3)};
        int[] drawn = new int[3];

        // When
        for (int place = 0; place < 20_000; place++) {
            drawn[TokenDraw.draw(logits, 1, 0.75, 42, place)]++;
        }

        // Then
        assertThat(drawn[0]).isZero();
        assertThat(drawn[1] / 20_000.0).isCloseTo(0.625, within(0.02));
        assertThat(drawn[2] / 20_000.0).isCloseTo(0.375, within(0.02));
    }

    @Test
    void drawsFromALargeVocabularyWhatTheWholeNucleusSays() {
        // Given: many tokens, most of them far from likely
        float[] logits = new float[5_000];
        for (int id = 0; id < logits.length; id++) {
            logits[id] = (float) (12 * Math.sin(id * 12.9898));
        }
        Integer[] order = new Integer[logits.length];
        Arrays.setAll(order, id -> id);
        Arrays.sort(order, (a, b) -> Float.compare(logits[b], logits[a]));
        double total = 0;
        for (float logit : logits) {
            total += Math.exp(logit);
        }
        Set<Integer> nucleus = new HashSet<>();
        double held = 0;
        for (int i = 0; held < 0.9 * total; i++) {
            nucleus.add(order[i]);
            held += Math.exp(logits[order[i]]);
        }

        // When
        Set<Integer> drawn = new HashSet<>();
        for (int place = 0; place < 3_000; place++) {
            drawn.add(TokenDraw.draw(logits.clone(), 1, 0.9, 1, place));
        }

        // Then
        assertThat(nucleus).containsAll(drawn);
        assertThat(drawn).hasSizeGreaterThan(nucleus.size() / 2);
        // Of scores that are no numbers, some token comes.
        assertThat(TokenDraw.draw(new float[] {Float.NaN, Float.NaN}, 1, 0.9, 1, 0))
                .isBetween(0, 1);
    }

    @Test
    void measuresTheSameLossInAnyPieces() {
        int[] inputs = SmallModels.ids(0, 60, SmallModels.VOCABULARY);
        int[] targets = SmallModels.ids(1, 60, SmallModels.VOCABULARY);
        Arrays.fill(targets, 0, 25, -100);

        HeldOutLoss whole = HeldOutLoss.measure(learner.model(), inputs, targets, 12, 5);
        HeldOutLoss pieces = HeldOutLoss.measure(learner.model(), inputs, targets, 12, 2);

        learner.accumulate(inputs, targets, 5, 12, 35);
        assertThat(whole.natsPerTarget()).isCloseTo(learner.step(1e-9).loss(), within(1e-5));
        assertThat(pieces.natsPerTarget()).isCloseTo(whole.natsPerTarget(), within(1e-6));
        assertThat(pieces.targets()).isEqualTo(35);
    }

    private static Sampling sampling(double temperature, long seed, int maxTokens, OptionalInt stopId) {
        return new Sampling(temperature, 1, seed, maxTokens, stopId);
    }
}
