package dev.millrace.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.millrace.trainer.learn.Learner;
import dev.millrace.trainer.learn.SmallModels;
import dev.millrace.trainer.learn.TorchEngine;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// V2's `group_limited_greedy`, of which no reference is at hand, against its formulae (arXiv 2405.04434, section
/// 2.2.2) in double precision: softmax over all experts, the best groups by their best expert, the best experts in
/// them, weights that are not normalised.
class GroupLimitedRouterTest {
    private static final int EXPERTS = 12;
    private static final int GROUPS = 4;
    private static final int GROUPS_PER_TOKEN = 2;
    private static final int PER_TOKEN = 3;
    private static final int HIDDEN = 16;
    private static final double SCALE = 16;

    @BeforeAll
    static void startTheEngine() {
        TorchEngine.start(1);
    }

    @Test
    void choosesTheBestExpertsOfTheBestGroups() {
        ModelConfig config = ModelConfig.parse("""
                {"model_type": "deepseek_v2", "vocab_size": 96, "hidden_size": 16, "intermediate_size": 24,
                 "num_hidden_layers": 1, "num_attention_heads": 2, "q_lora_rank": 8, "kv_lora_rank": 8,
                 "qk_nope_head_dim": 4, "qk_rope_head_dim": 4, "v_head_dim": 4, "n_routed_experts": 12,
                 "num_experts_per_tok": 3, "n_shared_experts": 1, "moe_intermediate_size": 8, "n_group": 4,
                 "topk_group": 2, "topk_method": "group_limited_greedy", "routed_scaling_factor": 16.0,
                 "max_position_embeddings": 64}
                """, "a test");
        int tokens = 200;
        try (Learner learner = SmallModels.learner(config, 3);
                NDManager scope = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            float[] inputs = new float[tokens * HIDDEN];
            for (int i = 0; i < inputs.length; i++) {
                inputs[i] = (float) (4 * Math.sin(i * 0.7 + i * (double) i * 0.01));
            }
            float[] router = Objects.requireNonNull(learner.model().parameters().get("model.layers.0.mlp.gate.weight"))
                    .toFloatArray();

            // When
            NDArray n_NM = scope.create(inputs, new Shape(tokens, HIDDEN));
            MixtureOfExperts mixture =
                    (MixtureOfExperts) learner.model().layers().getFirst().feedForward();
            TokenGrid grid = new TokenGrid(new int[2], 1, 2);
            NDList routed = mixture.router().route(learner.model().pass(scope, grid, false), n_NM);

            // Then
            float[] weights = routed.get(0).toFloatArray();
            long[] chosen = routed.get(1).toLongArray();
            int limited = 0;
            for (int token = 0; token < tokens; token++) {
                double[] scores = softmax(router, inputs, token);
                List<Integer> wanted = chosen(scores);
                limited +=
                        wanted.equals(best(scores, IntStream.range(0, EXPERTS).toArray())) ? 0 : 1;
                for (int k = 0; k < PER_TOKEN; k++) {
                    int at = token * PER_TOKEN + k;
                    assertThat(chosen[at])
                            .as("choice " + k + " of token " + token)
                            .isEqualTo((long) wanted.get(k));
                    assertThat((double) weights[at]).isCloseTo(SCALE * scores[wanted.get(k)], within(1e-5));
                }
            }
            assertThat(limited)
                    .as("tokens that would choose otherwise without groups")
                    .isGreaterThan(20);
        }
    }

    private static List<Integer> chosen(double[] scores) {
        int size = EXPERTS / GROUPS;
        List<Integer> groups = IntStream.range(0, GROUPS)
                .boxed()
                .sorted(Comparator.comparingDouble(
                        (Integer group) -> -Arrays.stream(scores, group * size, (group + 1) * size)
                                .max()
                                .orElseThrow()))
                .limit(GROUPS_PER_TOKEN)
                .toList();
        return best(
                scores,
                IntStream.range(0, EXPERTS)
                        .filter(expert -> groups.contains(expert / size))
                        .toArray());
    }

    private static List<Integer> best(double[] scores, int[] experts) {
        return IntStream.of(experts)
                .boxed()
                .sorted(Comparator.comparingDouble((Integer expert) -> -scores[expert]))
                .limit(PER_TOKEN)
                .toList();
    }

    private static double[] softmax(float[] router, float[] inputs, int token) {
        double[] scores = new double[EXPERTS];
        for (int expert = 0; expert < EXPERTS; expert++) {
            for (int m = 0; m < HIDDEN; m++) {
                scores[expert] += (double) router[expert * HIDDEN + m] * inputs[token * HIDDEN + m];
            }
        }
        double largest = Arrays.stream(scores).max().orElseThrow();
        double sum =
                Arrays.stream(scores).map(score -> Math.exp(score - largest)).sum();
        return Arrays.stream(scores)
                .map(score -> Math.exp(score - largest) / sum)
                .toArray();
    }
}
