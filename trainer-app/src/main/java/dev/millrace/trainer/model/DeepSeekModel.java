package dev.millrace.trainer.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A decoder-only language model of the DeepSeek family: embedding, layers, norm, head.
///
/// DeepSeek-LLM (arXiv 2401.02954) is the Llama architecture, `model_type` `llama`; V2 (arXiv 2405.04434) and V3
/// (arXiv 2412.19437) have latent attention and experts, V3 perhaps a module that predicts one token further.
/// Tensors are named as on the Hugging Face hub. The model computes with the tensors it is given and does not own
/// them. One thread uses it at a time.
///
/// Shapes: B rows, T positions, N = B*T, M `hidden_size`, V `vocab_size`, R half of the channels that turn.
public final class DeepSeekModel implements AutoCloseable {
    /// A target that is not trained on.
    public static final int IGNORED_TARGET = -100;

    private static final String EMBEDDING = "model.embed_tokens.weight";
    private static final String NORM = "model.norm.weight";
    private static final String HEAD = "lm_head.weight";

    private final ModelConfig config;
    private final SequencedMap<String, NDArray> parameters;
    private final Adapters adapters;
    private final Kernels kernels;
    private final NDManager owner;
    private final RotaryEmbedding rotary;
    private final NDArray embedding_VxM;
    private final List<DecoderBlock> layers = new ArrayList<>();
    private final LanguageHead head;
    private final Optional<NextTokenPrediction> prediction;
    private final List<RouterBias> routerBiases;
    private @Nullable NDArray rotation_2TR;

    /// Builds the model around tensors, computing in float32, for the cross-entropy alone.
    ///
    /// @param parameters by hub name, all of [#parameters(ModelConfig)] on one device
    public DeepSeekModel(ModelConfig config, SequencedMap<String, NDArray> parameters) {
        this(config, parameters, Precision.FP32, 0);
    }

    /// Builds the model around tensors.
    ///
    /// @param parameters by hub name, all of [#parameters(ModelConfig)] on one device, float32
    public DeepSeekModel(
            ModelConfig config, SequencedMap<String, NDArray> parameters, Precision precision, double balanceWeight) {
        this(config, parameters, Adapters.NONE, precision, balanceWeight);
    }

    /// As the other, with matrices that are adapted.
    public DeepSeekModel(
            ModelConfig config,
            SequencedMap<String, NDArray> parameters,
            Adapters adapters,
            Precision precision,
            double balanceWeight) {
        this.config = config;
        this.parameters = parameters;
        this.adapters = adapters;
        Parameters all = new Parameters(parameters, adapters);
        for (ParameterSpec spec : parameters(config)) {
            Shape shape = all.tensor(spec.name()).getShape();
            if (!shape.equals(spec.shape())) {
                throw new IllegalArgumentException("Parameter " + spec.name() + " has shape " + shape
                        + ", the configuration says " + spec.shape());
            }
        }
        embedding_VxM = all.tensor(EMBEDDING);
        owner = NDManager.newBaseManager(embedding_VxM.getDevice(), "PyTorch");
        for (int layer = 0; layer < config.layers(); layer++) {
            layers.add(DecoderBlock.of(layer, config, all, owner));
        }
        head = new LanguageHead(all.tensor(NORM), config.tiedEmbeddings() ? embedding_VxM : all.tensor(HEAD));
        prediction = config.predictionLayers() == 0
                ? Optional.empty()
                : Optional.of(NextTokenPrediction.of(config, all, owner));
        routerBiases = Stream.concat(layers.stream(), prediction.map(NextTokenPrediction::block).stream())
                .flatMap(DecoderBlock::routerBias)
                .toList();
        rotary = new RotaryEmbedding(config);
        kernels = ModelFunctions.compile(config, adapters, precision, balanceWeight, embedding_VxM.getDevice());
    }

    /// All tensors of a model that training changes, in the order of the layers.
    public static List<ParameterSpec> parameters(ModelConfig config) {
        List<ParameterSpec> specs = new ArrayList<>();
        specs.add(ParameterSpec.matrix(EMBEDDING, config.vocabSize(), config.hiddenSize()));
        for (int layer = 0; layer < config.layers(); layer++) {
            specs.addAll(DecoderBlock.parameters(layer, config));
        }
        specs.add(RmsNorm.parameter(NORM, config));
        if (!config.tiedEmbeddings()) {
            specs.add(ParameterSpec.matrix(HEAD, config.vocabSize(), config.hiddenSize()));
        }
        if (config.predictionLayers() > 0) {
            specs.addAll(NextTokenPrediction.parameters(config));
        }
        return specs;
    }

    /// Whether published files may hold this tensor although it is no parameter: the rotary frequencies of older
    /// ones, the head where it is the embedding, and what the prediction module shares with the model.
    public static boolean isDerived(String name, ModelConfig config) {
        return name.endsWith(".rotary_emb.inv_freq")
                || (config.tiedEmbeddings() && name.equals(HEAD))
                || (config.predictionLayers() > 0 && NextTokenPrediction.repeats(name, config));
    }

    public ModelConfig config() {
        return config;
    }

    /// The tensors by hub name, in the order of the layers; theirs is the model's device.
    public Map<String, NDArray> parameters() {
        return Collections.unmodifiableMap(parameters);
    }

    /// Those of a model without adapters that computes the same: where there are none, the same tensors.
    ///
    /// @param scope where sums of a matrix and its adapter live
    public Map<String, NDArray> mergedParameters(NDManager scope) {
        return adapters.merged(parameters, kernels, scope);
    }

    /// Scores of every token for the place after each position, without gradients.
    ///
    /// @return float32 `[rows, columns, vocabulary]`, belonging to `scope`
    public NDArray logits(NDManager scope, TokenGrid inputs) {
        try (NDManager pass = owner.newSubManager()) {
            BlockPart.Pass run = pass(pass, inputs, false);
            NDArray logits_BTV = head.logits(run, hidden(run, inputs));
            logits_BTV.attach(scope);
            return logits_BTV;
        }
    }

    /// An empty row for tokens that come bit by bit.
    ///
    /// @param capacity tokens that it can have, no more than the model has positions
    public KeyValueCache cache(int capacity) {
        return new KeyValueCache(this, owner.newSubManager(), capacity);
    }

    /// The cross-entropy summed over all targets but [#IGNORED_TARGET], in nats, without gradients.
    ///
    /// @return a float32 scalar, belonging to `scope`
    public NDArray loss(NDManager scope, TokenGrid inputs, TokenGrid targets) {
        requireAlike(inputs, targets);
        try (NDManager pass = owner.newSubManager()) {
            BlockPart.Pass run = pass(pass, inputs, false);
            NDArray loss = losses(run, hidden(run, inputs), inputs, targets, 0).crossEntropy();
            loss.attach(scope);
            return loss;
        }
    }

    /// Brings tokens to the model's device ahead of their use. On a GPU from pinned memory, so that the copy runs while
    /// the host goes on, behind what the device has been given before.
    ///
    /// @param scope where they live; not to be closed before they are used
    public TokenGrid stage(NDManager scope, TokenGrid tokens) {
        String method = embedding_VxM.getDevice().isGpu() ? "stage_pinned" : "stage";
        // Not plain: what is made in libtorch's inference mode stays out of autograd for good.
        return tokens.staged(scope, ids_BT -> kernels.differentiable(method, scope, ids_BT, embedding_VxM));
    }

    /// Asks for gradients of some tensors that the model computes with.
    ///
    /// @return where [#train] adds to them
    public Gradients learn(List<NDArray> learned) {
        return new Gradients(kernels, owner, learned);
    }

    /// Adds the gradient of what a micro-batch is trained for (the cross-entropy, with the balance losses, each row
    /// counted by its tokens, and the loss of multi-token prediction; summed over the targets).
    ///
    /// @param share a float32 scalar that the gradient is multiplied with
    /// @param predictionWeight of the loss of multi-token prediction (V3, eq. 25: lambda); with 0 it is left out
    /// @param gradients of [#learn]: what is added to
    /// @return the cross-entropy, as [#loss] gives it
    public NDArray train(
            NDManager scope,
            TokenGrid inputs,
            TokenGrid targets,
            NDArray share,
            double predictionWeight,
            Recompute recompute,
            Gradients gradients) {
        requireAlike(inputs, targets);
        try (NDManager pass = owner.newSubManager()) {
            BlockPart.Pass run = pass(pass, inputs, true);
            NDArray crossEntropy = switch (recompute) {
                case NONE -> {
                    Losses losses = losses(run, hidden(run, inputs), inputs, targets, predictionWeight);
                    gradients.pullBack(List.of(losses.objective()), List.of(share));
                    yield losses.crossEntropy();
                }
                case LAYERS -> recomputing(gradients, run, inputs, targets, share, predictionWeight);
            };
            gradients.complete();
            crossEntropy.attach(scope);
            return crossEntropy;
        }
    }

    private NDArray recomputing(
            Gradients gradients,
            BlockPart.Pass run,
            TokenGrid inputs,
            TokenGrid targets,
            NDArray share,
            double predictionWeight) {
        NDArray x_BTM = embed(run, inputs);
        RecomputedLayers recomputed = new RecomputedLayers(run, layers, gradients);
        NDArray last_BTM = recomputed.forward(x_BTM);
        Losses losses = losses(run, last_BTM, inputs, targets, predictionWeight);
        NDArray above_BTM = gradients.pullThrough(run.scope(), List.of(losses.objective()), List.of(share), last_BTM);
        NDArray g_BTM = recomputed.backward(above_BTM, share);
        if (embedding_VxM.hasGradient()) {
            gradients.pullBack(List.of(x_BTM), List.of(g_BTM));
        }
        return losses.crossEntropy();
    }

    /// Losses summed over all targets but [#IGNORED_TARGET], float32 scalars.
    ///
    /// @param crossEntropy in nats
    /// @param objective with what the parts of the run have added
    private record Losses(NDArray crossEntropy, NDArray objective) {}

    private Losses losses(
            BlockPart.Pass run, NDArray x_BTM, TokenGrid inputs, TokenGrid targets, double predictionWeight) {
        NDArray crossEntropy = head.loss(run, x_BTM, targets.tensor(run.scope()).reshape(-1));
        if (predictionWeight > 0 && inputs.columns() > 1) {
            prediction.ifPresent(module ->
                    run.auxiliaryLosses().add(predictionLoss(module, run, x_BTM, inputs, targets, predictionWeight)));
        }
        NDArray objective = crossEntropy;
        for (NDArray auxiliary : run.auxiliaryLosses()) {
            objective = run.run("add", objective, auxiliary);
        }
        return new Losses(crossEntropy, objective);
    }

    private void requireAlike(TokenGrid inputs, TokenGrid targets) {
        if (inputs.rows() != targets.rows() || inputs.columns() != targets.columns()) {
            throw new IllegalArgumentException("Inputs are " + inputs.rows() + " x " + inputs.columns()
                    + ", targets are " + targets.rows() + " x " + targets.columns() + ": they must be alike");
        }
        targets.requireWithin(config.vocabSize(), true);
    }

    private NDArray predictionLoss(
            NextTokenPrediction module,
            BlockPart.Pass run,
            NDArray x_BTM,
            TokenGrid inputs,
            TokenGrid targets,
            double weight) {
        int positions = inputs.columns() - 1;
        NDArray next_BT = inputs.tensor(run.scope()).get(":, 1:");
        NDArray targets_N =
                targets.within(inputs).tensor(run.scope()).get(":, 1:").reshape(-1);
        return module.loss(run.first(positions), x_BTM, head, embedding_VxM, next_BT, targets_N, weight);
    }

    /// Adds to the tokens of experts those that a replica of this model has counted for its own.
    public void addLoads(DeepSeekModel replica) {
        try (NDManager scope = owner.newSubManager()) {
            for (int i = 0; i < routerBiases.size(); i++) {
                routerBiases.get(i).add(kernels, scope, replica.routerBiases.get(i));
            }
        }
    }

    /// Ends a step for what is not learned by gradient: the biases of the routers, see [RouterBias]. What was
    /// counted begins anew.
    ///
    /// @param gamma how far a bias moves; 0 leaves them as they are
    public void balanceRouters(double gamma) {
        if (routerBiases.isEmpty()) {
            return;
        }
        try (NDManager scope = owner.newSubManager()) {
            NDArray rate = scope.create((float) gamma);
            for (RouterBias bias : routerBiases) {
                if (gamma != 0) {
                    bias.move(kernels, scope, rate);
                }
                bias.clear(kernels, scope);
            }
        }
    }

    /// The layers, for reading what lies between them.
    List<DecoderBlock> layers() {
        return Collections.unmodifiableList(layers);
    }

    LanguageHead head() {
        return head;
    }

    Kernels kernels() {
        return kernels;
    }

    /// The embedded tokens, `[B, T, M]`.
    NDArray embed(BlockPart.Pass pass, TokenGrid inputs) {
        inputs.requireWithin(config.vocabSize(), false);
        return pass.run("embed", inputs.tensor(pass.scope()), embedding_VxM);
    }

    private NDArray hidden(BlockPart.Pass pass, TokenGrid inputs) {
        NDArray x_BTM = embed(pass, inputs);
        for (DecoderBlock layer : layers) {
            // Java lets go of the state; autograd keeps what it needs of it.
            try (NDArray before_BTM = x_BTM) {
                x_BTM = layer.forward(pass, before_BTM);
            }
        }
        return x_BTM;
    }

    /// What the parts of one run share.
    BlockPart.Pass pass(NDManager scope, TokenGrid inputs, boolean gradients) {
        NDArray table_2TR = rotation(scope, inputs.columns());
        DocumentMask mask = inputs.places(scope)
                .map(places_BT -> DocumentMask.apart(kernels, scope, places_BT, table_2TR))
                .orElseGet(() -> DocumentMask.causal(scope, table_2TR));
        return new BlockPart.Pass(kernels, scope, mask, gradients, new ArrayList<>());
    }

    /// A run over positions that come after others, without gradients.
    ///
    /// @param end all of them together
    BlockPart.Pass onwards(NDManager scope, int seen, int end) {
        DocumentMask mask = DocumentMask.onwards(kernels, scope, rotation(scope, end), seen);
        return new BlockPart.Pass(kernels, scope, mask, false, new ArrayList<>());
    }

    private NDArray rotation(NDManager scope, int positions) {
        if (positions > config.maxPositions()) {
            throw new IllegalArgumentException("A row of " + positions + " tokens is longer than the model's "
                    + config.maxPositions() + " positions (max_position_embeddings)");
        }
        if (rotation_2TR == null || rotation_2TR.getShape().get(1) < positions) {
            if (rotation_2TR != null) {
                rotation_2TR.close();
            }
            rotation_2TR = rotary.table(owner, positions);
        }
        return rotation_2TR.getShape().get(1) == positions
                ? rotation_2TR
                : rotation_2TR.get(scope, new NDIndex(":, :{}", positions));
    }

    @Override
    public void close() {
        owner.close();
        kernels.close();
    }
}
