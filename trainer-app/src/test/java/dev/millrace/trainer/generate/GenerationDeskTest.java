package dev.millrace.trainer.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import dev.millrace.trainer.learn.Learner;
import dev.millrace.trainer.learn.SmallModels;
import dev.millrace.trainer.learn.TorchEngine;
import dev.millrace.trainer.model.ModelConfig;
import dev.millrace.trainer.tokenize.DocumentTokenizer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@SuppressWarnings("NullAway.Init") // JUnit fills the fields
class GenerationDeskTest {
    private static final long MILLI = 1_000_000;
    private static final int VOCABULARY = 259;

    /// Time passes when it is read, so that every run through a model takes some.
    private final AtomicLong nanos = new AtomicLong();

    private DocumentTokenizer tokenizer;
    private Learner learner;

    @BeforeAll
    static void startTheEngine() {
        TorchEngine.start(1);
    }

    @BeforeEach
    void load() throws Exception {
        tokenizer = DocumentTokenizer.load(Path.of("src/main/resources/quickstart/tokenizer"));
        learner = SmallModels.learner(config(), 5);
    }

    @AfterEach
    void close() {
        learner.close();
        tokenizer.close();
    }

    @Test
    void trainingStandsStillForItsShareAndNoMore() {
        // Given: a share of a tenth, and far more prompts than it allows
        GenerationDesk desk = desk(0.1, 100);
        List<CompletableFuture<Written>> texts = new ArrayList<>();
        try (TextDuty duty = desk.open(learner.model(), tokenizer)) {
            for (int i = 0; i < 100; i++) {
                texts.add(accepted(desk, 20));
            }
            long trained = 0;
            long longestText = 0;
            for (int step = 1; step <= 300; step++) {
                // When: a step of 50 ms, then the texts that fit
                nanos.addAndGet(50 * MILLI);
                trained += 50 * MILLI;
                long before = desk.totals().pausedNanos();
                duty.betweenSteps(step);
                longestText = Math.max(longestText, desk.totals().pausedNanos() - before);

                // Then: never more than the share, but for one text that nothing was known of
                assertThat(desk.totals().pausedNanos())
                        .as("after step " + step)
                        .isLessThanOrEqualTo((long) (0.11 * trained) + longestText);
            }
            // Then: the share is used
            assertThat(desk.totals().pausedNanos()).isGreaterThan((long) (0.08 * trained));
            assertThat(desk.totals().texts()).isBetween(10L, 99L);
            assertThat(texts.getFirst().join().step()).isEqualTo(1);
            assertThat(texts.get(5).join().step()).isGreaterThan(1);
        }
    }

    @Test
    void changesNoBitOfTheTraining() {
        // Given: the same model twice, one of which writes between all of its steps
        try (Learner alone = SmallModels.learner(config(), 5)) {
            GenerationDesk desk = desk(0.5, 10);
            try (TextDuty duty = desk.open(learner.model(), tokenizer)) {
                for (int step = 1; step <= 6; step++) {
                    // When
                    train(alone, step);
                    train(learner, step);
                    CompletableFuture<Written> between = accepted(desk, 30);
                    nanos.addAndGet(1_000 * MILLI);
                    duty.betweenSteps(step);
                    CompletableFuture<Written> waiting = accepted(desk, 30);
                    duty.whileWaiting(step, () -> false);

                    // Then: equal prompts at the same weights have equal texts
                    assertThat(between.join().tokens()).isPositive();
                    assertThat(waiting.join().text()).isEqualTo(between.join().text());
                }
            }
            // Then
            assertThat(bits(learner)).isEqualTo(bits(alone));
        }
    }

    @Test
    void aPromptIsRefusedWhereItCannotBeWritten() {
        GenerationDesk desk = desk(0.1, 2);
        assertThat(desk.submit("x", sampling(5), Optional.empty()))
                .isEqualTo(new Submission.NotServing("no model is loaded yet"));
        TextDuty duty = desk.open(learner.model(), tokenizer);

        // The model has 64 positions, and BOS is one.
        assertThat(desk.submit("xy", sampling(62), Optional.empty())).isEqualTo(new Submission.TooLong(3, 62, 64));
        CompletableFuture<Written> first = accepted(desk, 61);
        CompletableFuture<Written> second = accepted(desk, 5);
        assertThat(desk.submit("x", sampling(5), Optional.empty()))
                .isEqualTo(new Submission.Busy(2, Duration.ofSeconds(1)));

        // One that is taken back leaves room.
        first.cancel(false);
        CompletableFuture<Written> third = accepted(desk, 5);
        assertThat(desk.waiting()).isEqualTo(2);

        duty.close();
        for (CompletableFuture<Written> left : List.of(second, third)) {
            assertThatThrownBy(left::join)
                    .isInstanceOf(CompletionException.class)
                    .hasCauseInstanceOf(NotServingException.class);
        }
        assertThat(desk.submit("x", sampling(5), Optional.empty()))
                .isEqualTo(new Submission.NotServing("the run is over"));
    }

    @Test
    void aTextIsCutWhereTrainingWouldStandStillForTooLong() {
        GenerationDesk desk = new GenerationDesk(
                new GenerationDesk.Limits(0.5, Duration.ofMillis(10), 5, 1000), () -> nanos.addAndGet(MILLI));
        try (TextDuty duty = desk.open(learner.model(), tokenizer)) {
            CompletableFuture<Written> text = accepted(desk, 60);
            nanos.addAndGet(1_000 * MILLI);

            duty.betweenSteps(1);

            assertThat(text.join().ending()).isEqualTo(Continuation.Ending.CUT);
            assertThat(text.join().tokens()).isBetween(1, 12);
        }
    }

    @Test
    void aTextWithoutDataToTrainOnCostsNothingUnlessDataComesMeanwhile() {
        GenerationDesk desk = desk(0.1, 5);
        try (TextDuty duty = desk.open(learner.model(), tokenizer)) {
            CompletableFuture<Written> free = accepted(desk, 10);
            duty.whileWaiting(0, () -> false);
            assertThat(free.join().step()).isZero();
            assertThat(desk.totals().pausedNanos()).isZero();

            CompletableFuture<Written> paid = accepted(desk, 10);
            duty.whileWaiting(0, () -> true);
            assertThat(paid).isCompleted();
            assertThat(desk.totals().pausedNanos()).isPositive();
        }
    }

    @Test
    void aTextIsToldWhileItIsWrittenAndIsTheSame() {
        GenerationDesk desk = desk(0.1, 5);
        try (TextDuty duty = desk.open(learner.model(), tokenizer)) {
            CompletableFuture<Written> whole = accepted(desk, 60);
            duty.whileWaiting(0, () -> false);
            List<String> pieces = new ArrayList<>();
            CompletableFuture<Written> told = accepted(desk, 60, Optional.of(pieces::add));

            // When
            duty.whileWaiting(0, () -> false);

            // Then
            assertThat(String.join("", pieces)).isEqualTo(whole.join().text());
            assertThat(pieces).hasSizeGreaterThan(10).doesNotContain("");
            assertThat(told.join().text()).isEqualTo(whole.join().text());
        }
    }

    @Test
    void aTextThatNobodyWaitsForAnyMoreEndsWithItsNextToken() {
        GenerationDesk desk = desk(0.1, 5);
        try (TextDuty duty = desk.open(learner.model(), tokenizer)) {
            AtomicInteger pieces = new AtomicInteger();
            AtomicReference<CompletableFuture<Written>> text = new AtomicReference<>();
            text.set(accepted(desk, 60, Optional.of(_ -> {
                if (pieces.incrementAndGet() == 3) {
                    text.get().cancel(false);
                }
            })));

            // When
            duty.whileWaiting(0, () -> false);

            // Then: a token that is no whole character yet is none of the three
            assertThat(pieces.get()).isEqualTo(3);
            assertThat(desk.totals().tokens()).isBetween(3L, 12L);
        }
    }

    private GenerationDesk desk(double share, int waiting) {
        return new GenerationDesk(
                new GenerationDesk.Limits(share, Duration.ofSeconds(10), waiting, 1000), () -> nanos.addAndGet(MILLI));
    }

    private static CompletableFuture<Written> accepted(GenerationDesk desk, int maxTokens) {
        return accepted(desk, maxTokens, Optional.empty());
    }

    private static CompletableFuture<Written> accepted(
            GenerationDesk desk, int maxTokens, Optional<Consumer<String>> listener) {
        Submission submission = desk.submit("xy", sampling(maxTokens), listener);
        assertThat(submission).isInstanceOf(Submission.Accepted.class);
        return ((Submission.Accepted) submission).written();
    }

    private static Sampling sampling(int maxTokens) {
        return new Sampling(1, 0.9, 7, maxTokens, OptionalInt.empty());
    }

    /// With everything that a forward pass could leave a trace in: experts, their counted load, latents.
    private static ModelConfig config() {
        return ModelConfig.parse("""
                {"model_type": "deepseek_v3", "vocab_size": %d, "hidden_size": 32, "intermediate_size": 80,
                 "num_hidden_layers": 2, "num_attention_heads": 4, "q_lora_rank": 16, "kv_lora_rank": 16,
                 "qk_nope_head_dim": 8, "qk_rope_head_dim": 4, "v_head_dim": 8, "n_routed_experts": 8,
                 "num_experts_per_tok": 2, "n_shared_experts": 1, "moe_intermediate_size": 16,
                 "first_k_dense_replace": 1, "n_group": 2, "topk_group": 1, "norm_topk_prob": true,
                 "routed_scaling_factor": 2.5, "max_position_embeddings": 64}
                """.formatted(VOCABULARY), "a test");
    }

    private static void train(Learner learner, int step) {
        int[] inputs = SmallModels.ids(step, 48, VOCABULARY);
        int[] targets = SmallModels.ids(step + 1, 48, VOCABULARY);
        learner.accumulate(inputs, targets, 2, 24, 48);
        learner.step(1e-2);
    }

    private static Map<String, List<Integer>> bits(Learner learner) {
        return learner.model().parameters().entrySet().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, entry -> bits(entry.getValue())));
    }

    private static List<Integer> bits(NDArray parameter) {
        List<Integer> bits = new ArrayList<>();
        for (float value : parameter.toFloatArray()) {
            bits.add(Float.floatToRawIntBits(value));
        }
        return bits;
    }
}
