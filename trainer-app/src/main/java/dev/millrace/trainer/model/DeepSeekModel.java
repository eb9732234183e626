package dev.millrace.trainer.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.jspecify.annotations.Nullable;

/// A decoder-only language model of the DeepSeek family: embedding, layers, norm, head.
///
/// DeepSeek-LLM (arXiv 2401.02954) is the Llama architecture, `model_type` `llama`. Tensors are named as on the
/// Hugging Face hub. The model computes with the tensors it is given and does not own them. One thread uses it at a
/// time.
///
/// Shapes: B rows, T positions, N = B*T, M `hidden_size`, V `vocab_size`, R half of `head_dim`.
public final class DeepSeekModel implements AutoCloseable {
    /// A target that is not trained on.
    public static final int IGNORED_TARGET = -100;

    private static final String EMBEDDING = "model.embed_tokens.weight";
    private static final String NORM = "model.norm.weight";
    private static final String HEAD = "lm_head.weight";

    private static final String EMBED_SCRIPT = """
            def embed(self: __torch__.Kernels, ids_BT: Tensor, table_VxM: Tensor) -> Tensor:
              return torch.embedding(table_VxM, torch.to(ids_BT, ops.prim.device(table_VxM), 4))
            """;

    private final ModelConfig config;
    private final SequencedMap<String, NDArray> parameters;
    private final Kernels kernels;
    private final NDManager owner;
    private final RotaryEmbedding rotary;
    private final NDArray embedding_VxM;
    private final List<DecoderBlock> layers = new ArrayList<>();
    private final LanguageHead head;
    private @Nullable NDArray rotation_2TR;

    /// Builds the model around tensors.
    ///
    /// @param parameters by hub name, all of [#parameters(ModelConfig)] on one device
    public DeepSeekModel(ModelConfig config, SequencedMap<String, NDArray> parameters) {
        this.config = config;
        this.parameters = parameters;
        for (ParameterSpec spec : parameters(config)) {
            Shape shape = Parameters.require(parameters, spec.name()).getShape();
            if (!shape.equals(spec.shape())) {
                throw new IllegalArgumentException("Parameter " + spec.name() + " has shape " + shape
                        + ", the configuration says " + spec.shape());
            }
        }
        embedding_VxM = Parameters.require(parameters, EMBEDDING);
        for (int layer = 0; layer < config.layers(); layer++) {
            layers.add(DecoderBlock.of(layer, parameters));
        }
        head = new LanguageHead(
                Parameters.require(parameters, NORM),
                config.tiedEmbeddings() ? embedding_VxM : Parameters.require(parameters, HEAD));
        rotary = new RotaryEmbedding(config);
        owner = NDManager.newBaseManager(embedding_VxM.getDevice(), "PyTorch");
        kernels = Kernels.compile(
                constants(config),
                List.of(
                        RmsNorm.SCRIPT,
                        RotaryEmbedding.SCRIPT,
                        Attention.SCRIPT,
                        FeedForward.SCRIPT,
                        LanguageHead.SCRIPT,
                        EMBED_SCRIPT),
                embedding_VxM.getDevice());
    }

    private static SequencedMap<String, Number> constants(ModelConfig config) {
        SequencedMap<String, Number> constants = new LinkedHashMap<>();
        constants.put("eps", config.rmsNormEps());
        constants.put("head_dim", (long) config.headDim());
        constants.put("ignored", (long) IGNORED_TARGET);
        return constants;
    }

    /// All trained tensors of a model, in the order of the layers.
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
        return specs;
    }

    /// Whether published files may hold this tensor although it is no parameter: the rotary frequencies of older
    /// ones, and the head where it is the embedding.
    public static boolean isDerived(String name, ModelConfig config) {
        return name.endsWith(".rotary_emb.inv_freq") || (config.tiedEmbeddings() && name.equals(HEAD));
    }

    public ModelConfig config() {
        return config;
    }

    /// The tensors by hub name, in the order of the layers; theirs is the model's device.
    public Map<String, NDArray> parameters() {
        return Collections.unmodifiableMap(parameters);
    }

    /// Scores of every token for the place after each position, without gradients.
    ///
    /// @return float32 `[rows, columns, vocabulary]`, belonging to `scope`
    public NDArray logits(NDManager scope, TokenGrid inputs) {
        try (NDManager pass = owner.newSubManager()) {
            BlockPart.Pass run = pass(pass, inputs.columns(), false);
            NDArray logits_BTV = head.logits(run, hidden(run, inputs));
            logits_BTV.attach(scope);
            return logits_BTV;
        }
    }

    /// As [#logits], for the last position of each row only.
    ///
    /// @return float32 `[rows, 1, vocabulary]`, belonging to `scope`
    public NDArray lastLogits(NDManager scope, TokenGrid inputs) {
        try (NDManager pass = owner.newSubManager()) {
            BlockPart.Pass run = pass(pass, inputs.columns(), false);
            NDArray last_B1M = hidden(run, inputs).get(":, -1:");
            NDArray logits_B1V = head.logits(run, last_B1M);
            logits_B1V.attach(scope);
            return logits_B1V;
        }
    }

    /// The cross-entropy summed over all targets but [#IGNORED_TARGET], in nats.
    ///
    /// @param gradients whether a backward pass is to follow
    /// @return a float32 scalar, belonging to `scope`
    public NDArray loss(NDManager scope, TokenGrid inputs, TokenGrid targets, boolean gradients) {
        if (inputs.rows() != targets.rows() || inputs.columns() != targets.columns()) {
            throw new IllegalArgumentException("Inputs are " + inputs.rows() + " x " + inputs.columns()
                    + ", targets are " + targets.rows() + " x " + targets.columns() + ": they must be alike");
        }
        targets.requireWithin(config.vocabSize(), true);
        try (NDManager pass = owner.newSubManager()) {
            BlockPart.Pass run = pass(pass, inputs.columns(), gradients);
            NDArray targets_N = targets.tensor(pass).reshape(-1);
            NDArray loss = head.loss(run, hidden(run, inputs), targets_N);
            loss.attach(scope);
            return loss;
        }
    }

    private NDArray hidden(BlockPart.Pass pass, TokenGrid inputs) {
        inputs.requireWithin(config.vocabSize(), false);
        NDArray x_BTM = pass.run("embed", inputs.tensor(pass.scope()), embedding_VxM);
        for (DecoderBlock layer : layers) {
            x_BTM = layer.forward(pass, x_BTM);
        }
        return x_BTM;
    }

    private BlockPart.Pass pass(NDManager scope, int positions, boolean gradients) {
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
        NDArray table_2TR = rotation_2TR.getShape().get(1) == positions
                ? rotation_2TR
                : rotation_2TR.get(scope, new NDIndex(":, :{}", positions));
        return new BlockPart.Pass(kernels, scope, table_2TR, gradients);
    }

    @Override
    public void close() {
        owner.close();
        kernels.close();
    }
}
