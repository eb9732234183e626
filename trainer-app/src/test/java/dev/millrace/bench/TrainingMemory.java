package dev.millrace.bench;

import dev.millrace.trainer.model.AttentionShape;
import dev.millrace.trainer.model.DeepSeekModel;
import dev.millrace.trainer.model.ExpertShape;
import dev.millrace.trainer.model.ModelConfig;
import dev.millrace.trainer.model.ParameterSpec;
import dev.millrace.trainer.model.Precision;
import dev.millrace.trainer.model.Recompute;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/// What memory a step of training takes, in bytes, counted from what the model's functions keep for the way back. Of a
/// layer of the real models the autograd of PyTorch 2.13 saves 6 to 18 % less: its norms keep the input alone, those of
/// libtorch 2.7.1 the result without the gain as well. All of it is never there at once, for what was kept goes while
/// gradients come.
///
/// Symbols as in the functions: M `hidden_size`, F width of a SwiGLU, V `vocab_size`, K experts of a token, C
/// `kv_lora_rank`.
///
/// @param state weights, gradients and both moments: 4 x 4 bytes a parameter
/// @param rounded the weights in the type of the products, as autograd keeps them; nothing where it is float32
/// @param kept what is kept of the tokens
/// @param working what the head, or the way back through a layer, needs for a moment
record TrainingMemory(long state, long rounded, long kept, long working) {
    /// Places that the head has scores for at a time, see [DeepSeekModel].
    private static final int HEAD_PLACES = 1024;
    /// Up to this many positions a CPU keeps the shares of attention, in blocks of so many.
    private static final int SHARES_POSITIONS = 1024;
    private static final int SHARES_BLOCK = 128;

    private static final Pattern OF_LAYER = Pattern.compile("model\\.layers\\.(\\d+)\\.");

    /// @param gpu whether attention keeps no shares
    static TrainingMemory of(BenchShape shape, int rows, Precision precision, Recompute recompute, boolean gpu) {
        ModelConfig config = shape.config();
        Layers layers = new Layers(config, shape.columns(), precision == Precision.BF16 ? 2 : 4, gpu);
        long tokens = (long) rows * shape.columns();
        long parameters = 0;
        long[] rounded = new long[config.layers() + config.predictionLayers()];
        for (ParameterSpec spec : DeepSeekModel.parameters(config)) {
            long elements = spec.shape().size();
            parameters += elements;
            Matcher ofLayer = OF_LAYER.matcher(spec.name());
            if (spec.role() == ParameterSpec.Role.MATRIX && ofLayer.lookingAt()) {
                rounded[Integer.parseInt(ofLayer.group(1))] += elements * layers.rounding();
            }
        }
        long[] kept = IntStream.range(0, config.layers())
                .mapToLong(layer -> tokens * layers.kept(layer))
                .toArray();
        long largest = LongStream.of(kept).max().orElseThrow();
        long table = (long) config.vocabSize() * config.hiddenSize();
        long places = Math.min(tokens, HEAD_PLACES);
        // In float32 scores, their logarithms and their gradient; in the products' type scores and gradient. Of the
        // projection its gradient, as a sum and as the next part of it, and itself rounded.
        long ofScores = places * config.vocabSize() * (12 + 2L * layers.width) + table * (8 + layers.rounding());
        // What a layer keeps has gradients on the way back.
        long working = Math.max(ofScores, largest);
        long state = 16 * parameters;
        long ofHead = tokens * 20 * config.hiddenSize();
        long inputs = tokens * 4 * config.hiddenSize() * config.layers();
        return switch (recompute) {
            case NONE ->
                new TrainingMemory(
                        state, LongStream.of(rounded).sum(), LongStream.of(kept).sum() + ofHead, working);
            case LAYERS ->
                new TrainingMemory(
                        state, LongStream.of(rounded).max().orElseThrow(), inputs + largest + ofHead, working);
        };
    }

    long total() {
        return state + rounded + kept + working;
    }

    /// What the layers keep for the way back.
    ///
    /// @param positions of a row
    /// @param width bytes of a number in the type of the products
    private record Layers(ModelConfig config, int positions, long width, boolean gpu) {
        private long rounding() {
            return width == 4 ? 0 : width;
        }

        /// Of one token in a layer, in bytes.
        private long kept(int layer) {
            return attention()
                    + config.experts()
                            .filter(shape -> hasExperts(shape, layer))
                            .map(this::experts)
                            .orElseGet(() -> normalised() + swiglu(config.intermediateSize()));
        }

        private static boolean hasExperts(ExpertShape shape, int layer) {
            return layer >= shape.firstLayer() && layer % shape.layerInterval() == 0;
        }

        /// The input of a norm and its result without the gain in float32, and what goes into the products.
        private long normalised() {
            return (8L + width) * config.hiddenSize();
        }

        /// Gate and up, silu and the product of it with up.
        private long swiglu(long inner) {
            return 4 * width * inner;
        }

        /// Queries, keys, values and results of the heads, twice of those: as attention gives them, and token by token.
        private long attention() {
            long heads = config.attention().heads();
            long shares = gpu || positions > SHARES_POSITIONS ? 4 : width * (positions + SHARES_BLOCK) / 2;
            return normalised()
                    + heads * shares
                    + switch (config.attention()) {
                        case AttentionShape.Grouped grouped ->
                            2L * width * grouped.headDim() * (heads + grouped.keyValueHeads())
                                    + width * heads * grouped.headDim();
                        case AttentionShape.Latent latent ->
                            width * heads * (4L * latent.headDim() + latent.valueDim())
                                    + (8L + width)
                                            * (latent.keyValueRank()
                                                    + latent.queryRank().orElse(0));
                    };
        }

        /// The rows of the experts and, of each, gate and up, silu, the product, and that with the expert's weight;
        /// scores and choices of the router beside them.
        private long experts(ExpertShape shape) {
            long routed = shape.perToken() * width * (config.hiddenSize() + 5L * shape.intermediateSize());
            long router = 4L * config.hiddenSize() + 12L * shape.routed() + 64L * shape.perToken();
            long shared = shape.shared() == 0
                    ? 0
                    : width * config.hiddenSize() + swiglu((long) shape.shared() * shape.intermediateSize());
            return normalised() + routed + router + shared;
        }
    }
}
