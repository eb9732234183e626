package dev.millrace.trainer.model;

import static dev.millrace.trainer.model.Distance.largestDifference;
import static dev.millrace.trainer.model.Distance.norm;
import static dev.millrace.trainer.model.Distance.relativeDistance;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import dev.millrace.trainer.learn.SmallModels;
import dev.millrace.trainer.learn.TorchEngine;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// A model with adapters beside its matrices computes what one does whose matrices are `W + s B A`, and learns what
/// follows from that by the chain rule: of `G`, the gradient of the sum, `s B^T G` for `A` and `s G A^T` for `B`.
class AdaptersTest {
    private static final int ROWS = 3;
    private static final int LENGTH = 14;
    private static final int RANK = 4;
    private static final double SCALE = 2;
    private static final double BALANCE_WEIGHT = 1e-2;
    private static final double PREDICTION_WEIGHT = 0.3;
    private static final Set<String> ATTENTION =
            Set.of("q_proj", "k_proj", "v_proj", "o_proj", "q_a_proj", "q_b_proj", "kv_a_proj_with_mqa", "kv_b_proj");
    private static final Set<String> FEED_FORWARD = Set.of("gate_proj", "up_proj", "down_proj");

    enum Architecture {
        GROUPED,
        LATENT,
        LATENT_WITH_LOW_RANK_QUERIES;

        private ModelConfig config() {
            return switch (this) {
                case GROUPED -> SmallModels.config(2, false);
                case LATENT -> latent();
                case LATENT_WITH_LOW_RANK_QUERIES -> SmallModels.experts();
            };
        }

        /// V2: queries of full rank, shared experts beside those that are chosen by softmax.
        private static ModelConfig latent() {
            return ModelConfig.parse("""
                    {"model_type": "deepseek_v2", "vocab_size": %d, "hidden_size": 32, "intermediate_size": 80,
                     "num_hidden_layers": 2, "num_attention_heads": 4, "kv_lora_rank": 16, "qk_nope_head_dim": 8,
                     "qk_rope_head_dim": 4, "v_head_dim": 12, "n_routed_experts": 8, "num_experts_per_tok": 3,
                     "n_shared_experts": 2, "moe_intermediate_size": 16, "first_k_dense_replace": 1,
                     "max_position_embeddings": 64}
                    """.formatted(SmallModels.VOCABULARY), "a test");
        }
    }

    @BeforeAll
    static void startTheEngine() {
        TorchEngine.start(2);
    }

    @ParameterizedTest
    @CsvSource({
        "GROUPED, NONE",
        "GROUPED, LAYERS",
        "LATENT, NONE",
        "LATENT, LAYERS",
        "LATENT_WITH_LOW_RANK_QUERIES, NONE",
        "LATENT_WITH_LOW_RANK_QUERIES, LAYERS"
    })
    void learnWhatTheirSumWithTheMatricesWould(Architecture architecture, Recompute recompute) {
        try (Models models = new Models(architecture.config(), Precision.FP32)) {
            // When
            float loss = models.train(models.adapted, models.learnedLow, recompute);
            float wanted = models.train(models.formed, models.learnedSums, Recompute.NONE);

            // Then
            assertThat(relativeDistance(new float[] {loss}, new float[] {wanted}))
                    .isLessThan(1e-6);
            for (AdapterShape.Site site : models.shape.sites(architecture.config())) {
                assertThat(models.distanceOfGradients(site)).as(site.matrix()).isLessThan(1e-5);
            }
            assertThat(models.weights.values()).noneMatch(NDArray::hasGradient);
        }
    }

    /// Of three batches the middle one: a single token that rounding sends to another expert moves the gradients of
    /// its own by some per cent.
    @ParameterizedTest
    @EnumSource
    void areNearToFloat32InBfloat16(Architecture architecture) {
        double[] distances = IntStream.of(6, 7, 8)
                .mapToDouble(batch -> distanceToFloat32(architecture, batch))
                .sorted()
                .toArray();

        assertThat(distances[1]).isLessThan(0.03);
    }

    private static double distanceToFloat32(Architecture architecture, int batch) {
        try (Models exact = new Models(architecture.config(), Precision.FP32);
                Models models = new Models(architecture.config(), Precision.BF16)) {
            float wanted = exact.train(exact.formed, exact.learnedSums, Recompute.NONE, batch);
            float loss = models.train(models.adapted, models.learnedLow, Recompute.NONE, batch);
            assertThat(loss).isCloseTo(wanted, withinPercentage(0.5));
            List<AdapterShape.Site> sites = models.shape.sites(architecture.config());
            return relativeDistance(
                    joined(sites.stream().map(models::gradients).flatMap(List::stream)),
                    joined(sites.stream().map(exact::gradientsOfSums).flatMap(List::stream)));
        }
    }

    private static float[] joined(Stream<float[]> parts) {
        List<float[]> all = parts.toList();
        FloatBuffer joined =
                FloatBuffer.allocate(all.stream().mapToInt(part -> part.length).sum());
        all.forEach(joined::put);
        return joined.array();
    }

    @ParameterizedTest
    @ValueSource(strings = {"gate_proj", "up_proj", "down_proj"})
    void oneMatrixOfAnExpertIsAdaptedByItselfInBfloat16Too(String module) {
        ModelConfig config = Architecture.LATENT_WITH_LOW_RANK_QUERIES.config();
        try (Models models = new Models(config, Precision.BF16, Set.of(module))) {
            // When
            models.train(models.adapted, models.learnedLow, Recompute.NONE);

            // Then
            assertThat(models.shape.sites(config))
                    .filteredOn(site -> site.matrix().contains(".experts."))
                    .anyMatch(site -> models.gradientOf(site.up()) > 0)
                    .anyMatch(site -> models.gradientOf(site.down()) > 0);
        }
    }

    @ParameterizedTest
    @EnumSource
    void goOnFromTheCacheAsTheFormedModelDoes(Architecture architecture) {
        try (Models models = new Models(architecture.config(), Precision.FP32);
                KeyValueCache cache = models.adapted.cache(LENGTH)) {
            int[] ids = SmallModels.ids(3, LENGTH, SmallModels.VOCABULARY);
            for (int end : List.of(1, 5, 6, LENGTH)) {
                // When
                float[] scores = cache.append(Arrays.copyOfRange(ids, cache.length(), end));

                // Then
                assertThat(largestDifference(scores, models.lastOfFormed(Arrays.copyOf(ids, end))))
                        .as("after %d tokens", end)
                        .isLessThan(2e-5);
            }
        }
    }

    /// The same model twice: with adapters, and with matrices that they were added to.
    private static final class Models implements AutoCloseable {
        private final NDManager owner = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        private final ModelConfig config;
        private final AdapterShape shape;
        private final SequencedMap<String, NDArray> weights = new LinkedHashMap<>();
        private final SequencedMap<String, NDArray> low = new LinkedHashMap<>();
        private final SequencedMap<String, NDArray> sums = new LinkedHashMap<>();
        private final DeepSeekModel adapted;
        private final DeepSeekModel formed;
        private final Gradients learnedLow;
        private final Gradients learnedSums;

        private Models(ModelConfig config, Precision precision) {
            this(config, precision, modules(config));
        }

        private Models(ModelConfig config, Precision precision, Set<String> modules) {
            this.config = config;
            shape = new AdapterShape(RANK, SCALE * RANK, modules);
            DeepSeekModel.parameters(config).forEach(spec -> weights.put(spec.name(), random(spec, 0.1)));
            shape.parameters(config).forEach(spec -> low.put(spec.name(), random(spec, 0.2)));
            weights.forEach((name, weight) -> sums.put(name, weight.duplicate()));
            for (AdapterShape.Site site : shape.sites(config)) {
                NDArray product = tensor(low, site.up().name())
                        .matMul(tensor(low, site.down().name()))
                        .mul(SCALE);
                sums.put(site.matrix(), tensor(weights, site.matrix()).add(product));
            }
            Adapters adapters = Adapters.of(shape, config, low);
            adapted = new DeepSeekModel(config, weights, adapters, precision, BALANCE_WEIGHT);
            formed = new DeepSeekModel(config, sums, precision, BALANCE_WEIGHT);
            learnedLow = adapted.learn(List.copyOf(low.values()));
            learnedSums = formed.learn(List.copyOf(sums.values()));
        }

        private static Set<String> modules(ModelConfig config) {
            Set<String> modules = new TreeSet<>(FEED_FORWARD);
            DeepSeekModel.parameters(config).stream()
                    .map(spec -> spec.name().replaceFirst("\\.weight$", "").replaceFirst(".*\\.", ""))
                    .filter(ATTENTION::contains)
                    .forEach(modules::add);
            return modules;
        }

        private NDArray random(ParameterSpec spec, double spread) {
            SplittableRandom random = new SplittableRandom(spec.name().hashCode());
            float[] values = new float[Math.toIntExact(spec.shape().size())];
            boolean gain = spec.role() == ParameterSpec.Role.GAIN;
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) ((gain ? 1 : 0) + spread * (2 * random.nextDouble() - 1));
            }
            return owner.create(values, spec.shape());
        }

        private static NDArray tensor(Map<String, NDArray> tensors, String name) {
            return Objects.requireNonNull(tensors.get(name));
        }

        private float train(DeepSeekModel model, Gradients gradients, Recompute recompute) {
            return train(model, gradients, recompute, 5);
        }

        private float train(DeepSeekModel model, Gradients gradients, Recompute recompute, int batch) {
            int[] ids = SmallModels.ids(batch, ROWS * LENGTH + 1, SmallModels.VOCABULARY);
            try (NDManager scope = owner.newSubManager()) {
                JniUtils.setGradMode(true);
                return model.train(
                                scope,
                                new TokenGrid(Arrays.copyOf(ids, ROWS * LENGTH), ROWS, LENGTH),
                                new TokenGrid(Arrays.copyOfRange(ids, 1, ids.length), ROWS, LENGTH),
                                scope.full(new Shape(), 1f / (ROWS * LENGTH)),
                                PREDICTION_WEIGHT,
                                recompute,
                                gradients)
                        .getFloat();
            }
        }

        /// The larger of the two, relative; 0 where an expert was not chosen.
        private double distanceOfGradients(AdapterShape.Site site) {
            List<float[]> learned = gradients(site);
            List<float[]> wanted = gradientsOfSums(site);
            return Math.max(
                    distance(learned.getFirst(), wanted.getFirst()), distance(learned.getLast(), wanted.getLast()));
        }

        private static double distance(float[] learned, float[] wanted) {
            return norm(learned) == 0 && norm(wanted) == 0 ? 0 : relativeDistance(learned, wanted);
        }

        /// What `A` and `B` learned.
        private List<float[]> gradients(AdapterShape.Site site) {
            return Stream.of(site.down(), site.up())
                    .map(spec -> {
                        try (NDArray gradient = tensor(low, spec.name()).getGradient()) {
                            return gradient.toFloatArray();
                        }
                    })
                    .toList();
        }

        /// What they are to learn, by what the sum did.
        private List<float[]> gradientsOfSums(AdapterShape.Site site) {
            NDArray a_RxI = tensor(low, site.down().name());
            NDArray b_OxR = tensor(low, site.up().name());
            try (NDManager scope = owner.newSubManager()) {
                JniUtils.setGradMode(false);
                NDArray g_OxI = tensor(sums, site.matrix()).getGradient();
                g_OxI.attach(scope);
                return List.of(
                        b_OxR.transpose().matMul(g_OxI).mul(SCALE).toFloatArray(),
                        g_OxI.matMul(a_RxI.transpose()).mul(SCALE).toFloatArray());
            }
        }

        private double gradientOf(ParameterSpec spec) {
            try (NDArray gradient = tensor(low, spec.name()).getGradient()) {
                return norm(gradient.toFloatArray());
            }
        }

        private float[] lastOfFormed(int[] ids) {
            try (NDManager scope = owner.newSubManager()) {
                float[] all =
                        formed.logits(scope, new TokenGrid(ids, 1, ids.length)).toFloatArray();
                return Arrays.copyOfRange(all, all.length - config.vocabSize(), all.length);
            }
        }

        @Override
        public void close() {
            adapted.close();
            formed.close();
            owner.close();
        }
    }
}
