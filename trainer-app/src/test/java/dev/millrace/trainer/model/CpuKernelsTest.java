package dev.millrace.trainer.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import dev.millrace.trainer.learn.TorchEngine;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Random;
import java.util.SequencedMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The ways that a CPU goes for speed, against the plain ones: values and gradients. The models that are held against a
/// reference are too small for some of them.
class CpuKernelsTest {
    private static final String PULL = """
            def pull(self: __torch__.Kernels, y: Tensor, g: Tensor) -> Tensor:
              return torch.sum(torch.mul(y, g))
            def plain_product(self: __torch__.Kernels, x: Tensor, weight: Tensor) -> Tensor:
              return torch.linear(x, weight)
            def plain_loss(self: __torch__.Kernels, x_NM: Tensor, gain_M: Tensor, head_VxM: Tensor, \
            targets_N: Tensor) -> Tensor:
              logits_NV = torch.linear((self).rms_norm(x_NM, gain_M), head_VxM)
              return torch.cross_entropy_loss(logits_NV, targets_N, None, 2, self.ignored, 0.)
            def every_expert(self: __torch__.Kernels, gate_EFM: Tensor, up_EFM: Tensor, down_EMF: Tensor, \
            n_NM: Tensor, weights_NK: Tensor, chosen_NK: Tensor) -> Tensor:
              y_NM = torch.zeros_like(n_NM)
              for e in range(torch.size(gate_EFM, 0)):
                gate = torch.linear(n_NM, torch.select(gate_EFM, 0, e))
                up = torch.linear(n_NM, torch.select(up_EFM, 0, e))
                down = torch.linear(torch.mul(torch.silu(gate), up), torch.select(down_EMF, 0, e))
                weight_N1 = torch.sum(torch.mul(weights_NK, torch.eq(chosen_NK, e)), [1], True)
                y_NM = torch.add(y_NM, torch.mul(down, weight_N1))
              return y_NM
            def chosen_experts(self: __torch__.Kernels, gate_EFM: Tensor, up_EFM: Tensor, down_EMF: Tensor, \
            n_NM: Tensor, weights_NK: Tensor, chosen_NK: Tensor) -> Tensor:
              counts_E = torch.bincount(torch.flatten(chosen_NK), None, torch.size(gate_EFM, 0))
              return (self).experts(torch.unbind(gate_EFM), torch.unbind(up_EFM), torch.unbind(down_EMF), n_NM, \
            weights_NK, chosen_NK, counts_E)
            def causal(self: __torch__.Kernels, like: Tensor) -> Tensor:
              t = torch.size(like, 2)
              all_TT = torch.ones([t, t], dtype=11)
              return torch.unsqueeze(torch.unsqueeze(torch.tril(all_TT), 0), 0)
            """;

    @BeforeAll
    static void startTheEngine() {
        TorchEngine.start(2);
    }

    private static Kernels kernels(double scale) {
        SequencedMap<String, Number> constants = new LinkedHashMap<>();
        constants.put("compute_type", Precision.FP32.scalarType());
        constants.put("softmax_scale", scale);
        constants.put("experts_per_token", 2L);
        constants.put("eps", 1e-6);
        constants.put("ignored", (long) DeepSeekModel.IGNORED_TARGET);
        constants.put("balance_weight", 0.0);
        constants.put("adapter_scale", 1.0);
        for (String unused :
                List.of("router_sigmoid", "router_normalized", "router_groups", "router_groups_per_token")) {
            constants.put(unused, 0L);
        }
        constants.put("router_scale", 1.0);
        List<String> functions = List.of(
                Products.script(Precision.FP32, Device.cpu()),
                ScaledDotProduct.script(Device.cpu()),
                RmsNorm.SCRIPT,
                Projection.SCRIPT,
                FeedForward.SCRIPT,
                LanguageHead.SCRIPT,
                Router.SCRIPT,
                MixtureOfExperts.SCRIPT,
                """
                def attend_by_itself(self: __torch__.Kernels, q: Tensor, k: Tensor, v: Tensor, allowed: Tensor) -> Tensor:
                  return (self).attend(q, k, v, allowed, self.softmax_scale)
                """,
                PULL);
        return Kernels.compile(constants, functions, Device.cpu());
    }

    private static NDArray random(NDManager scope, long seed, long... shape) {
        Shape wanted = new Shape(shape);
        float[] values = new float[Math.toIntExact(wanted.size())];
        Random random = new Random(seed);
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return scope.create(values, wanted);
    }

    /// The result of a function, and the gradients that its inputs get from some gradient of it.
    private static List<NDArray> valueAndGradients(
            Kernels kernels, NDManager scope, String function, List<NDArray> inputs, NDArray... constants) {
        JniUtils.setGradMode(true);
        List<NDArray> all = new ArrayList<>();
        for (NDArray input : inputs) {
            NDArray copy = scope.create(input.toFloatArray(), input.getShape());
            copy.setRequiresGradient(true);
            all.add(copy);
        }
        all.addAll(List.of(constants));
        NDArray y = kernels.differentiable(function, scope, all.toArray(NDArray[]::new));
        NDArray g = random(scope, 99, y.getShape().getShape());
        NDArray pulled = kernels.differentiable("pull", scope, y, g);
        JniUtils.backward((PtNDArray) pulled, (PtNDArray) scope.ones(new Shape()), false, false);
        List<NDArray> results = new ArrayList<>(List.of(y));
        all.subList(0, inputs.size()).forEach(input -> results.add(input.getGradient()));
        return results;
    }

    private static void assertAlike(List<NDArray> some, List<NDArray> others, double tolerance) {
        for (int i = 0; i < some.size(); i++) {
            assertThat(some.get(i).getShape()).isEqualTo(others.get(i).getShape());
            float[] values = some.get(i).toFloatArray();
            float[] wanted = others.get(i).toFloatArray();
            double largest = 0;
            for (float value : wanted) {
                largest = Math.max(largest, Math.abs(value));
            }
            for (int at = 0; at < values.length; at++) {
                assertThat((double) values[at])
                        .as("value " + at + " of result " + i)
                        .isCloseTo(wanted[at], within(tolerance * largest));
            }
        }
    }

    @Test
    void aProductIsThatOfLibtorchWhateverComputesIt() {
        try (Kernels kernels = kernels(1);
                NDManager scope = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            // Given: more elements than libtorch multiplies without oneDNN
            List<NDArray> inputs = List.of(random(scope, 1, 3, 70, 160), random(scope, 2, 48, 160));

            // When
            List<NDArray> product = valueAndGradients(kernels, scope, "product", inputs);

            // Then
            assertAlike(product, valueAndGradients(kernels, scope, "plain_product", inputs), 2e-6);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 200})
    void chosenExpertsAreAllOfThemWithoutTheOthers(int tokens) {
        try (Kernels kernels = kernels(1);
                NDManager scope = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            // Given: one expert is chosen by nobody, another one by every token
            List<NDArray> inputs = List.of(
                    random(scope, 1, 5, 24, 48),
                    random(scope, 2, 5, 24, 48),
                    random(scope, 3, 5, 48, 24),
                    random(scope, 4, tokens, 48),
                    random(scope, 5, tokens, 2));
            long[] choices = new long[2 * tokens];
            for (int token = 0; token < tokens; token++) {
                choices[2 * token] = 4;
                choices[2 * token + 1] = token % 7 == 0 ? 3 : token % 2;
            }
            NDArray chosen_NK = scope.create(choices, new Shape(tokens, 2));

            // When
            List<NDArray> chosen = valueAndGradients(kernels, scope, "chosen_experts", inputs, chosen_NK);

            // Then
            assertAlike(chosen, valueAndGradients(kernels, scope, "every_expert", inputs, chosen_NK), 2e-6);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 1024, 1025, 3000})
    void aLossThatIsTakenBlockByBlockIsThatOfAllPlacesAtOnce(int places) {
        try (Kernels kernels = kernels(1);
                NDManager scope = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            // Given: some targets are ignored
            List<NDArray> inputs =
                    List.of(random(scope, 1, 1, places, 16), random(scope, 2, 16), random(scope, 3, 40, 16));
            long[] targets = new long[places];
            for (int place = 0; place < places; place++) {
                targets[place] = place % 5 == 4 ? DeepSeekModel.IGNORED_TARGET : place * 7L % 40;
            }
            NDArray targets_N = scope.create(targets, new Shape(places));

            // When
            List<NDArray> loss = valueAndGradients(kernels, scope, "loss", inputs, targets_N);

            // Then
            List<NDArray> rows = List.of(inputs.getFirst().reshape(places, 16), inputs.get(1), inputs.get(2));
            List<NDArray> plain = valueAndGradients(kernels, scope, "plain_loss", rows, targets_N);
            assertAlike(List.of(loss.get(0), loss.get(1).reshape(places, 16), loss.get(2), loss.get(3)), plain, 5e-6);
        }
    }

    @Test
    void aHeadThatIsNotLearnedPassesOnWhatTheStateGets() {
        try (Kernels kernels = kernels(1);
                NDManager scope = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            // Given
            List<NDArray> inputs = List.of(random(scope, 1, 1, 1500, 16), random(scope, 2, 16));
            NDArray head_VxM = random(scope, 3, 40, 16);
            NDArray targets_N = scope.full(new Shape(1500), 7, DataType.INT64);

            // When
            List<NDArray> loss = valueAndGradients(kernels, scope, "loss", inputs, head_VxM, targets_N);

            // Then
            List<NDArray> all = List.of(inputs.get(0), inputs.get(1), head_VxM);
            List<NDArray> learned = valueAndGradients(kernels, scope, "loss", all, targets_N);
            assertAlike(loss, learned.subList(0, 3), 1e-6);
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 2, 2, 64, 16, 16", "2, 4, 2, 300, 16, 8", "1, 3, 1, 257, 24, 24", "1, 2, 2, 128, 8, 4"})
    void attentionInBlocksIsFlashAttention(int rows, int heads, int pairs, int positions, int channels, int values) {
        try (Kernels kernels = kernels(0.3);
                NDManager scope = NDManager.newBaseManager(Device.cpu(), "PyTorch")) {
            // Given
            List<NDArray> inputs = List.of(
                    random(scope, 1, rows, heads, positions, channels),
                    random(scope, 2, rows, pairs, positions, channels),
                    random(scope, 3, rows, pairs, positions, values));
            NDArray causal = scope.zeros(new Shape(1), DataType.FLOAT32);

            // When
            List<NDArray> blocks = valueAndGradients(kernels, scope, "attend_by_itself", inputs, causal);

            // Then: with a mask, it is libtorch's own
            NDArray mask = kernels.plain("causal", scope, inputs.getFirst());
            assertAlike(blocks, valueAndGradients(kernels, scope, "attend_by_itself", inputs, mask), 2e-6);
        }
    }
}
