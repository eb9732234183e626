package dev.millrace.trainer.learn;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.jni.JniUtils;
import dev.millrace.trainer.model.Adapters;
import dev.millrace.trainer.model.DeepSeekModel;
import dev.millrace.trainer.model.Gradients;
import dev.millrace.trainer.model.Kernels;
import dev.millrace.trainer.model.Recompute;
import dev.millrace.trainer.model.TokenGrid;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.SequencedMap;

/// A model on one device, with the gradients and the loss of the micro-batches that it has been given.
///
/// One thread at a time.
final class Replica implements AutoCloseable {
    static final String SCRIPT = """
            def add_loss(self: __torch__.Kernels, total: Tensor, loss: Tensor, share: Tensor) -> Tensor:
              return torch.add_(total, torch.mul(loss, share))
            def add_loss_of(self: __torch__.Kernels, loss: Tensor, other: Tensor) -> Tensor:
              return torch.add_(loss, torch.to(other, ops.prim.device(loss), 6))
            def forget_loss(self: __torch__.Kernels, loss: Tensor) -> Tensor:
              return torch.zero_(loss)
            def follow(self: __torch__.Kernels, own: List[Tensor], others: List[Tensor]) -> Tensor:
              for i in range(torch.len(own)):
                _0 = torch.copy_(own[i], others[i])
              return own[0]
            """;

    private final NDManager owner;
    private final TrainedPart part;
    private final LearnerSettings settings;
    private final SequencedMap<String, NDArray> parameters;
    private final SequencedMap<String, NDArray> weights;
    private final DeepSeekModel model;
    private final Kernels kernels;
    private final List<NDArray> learned;
    private final Gradients gradients;
    private final NDArray loss;
    private final Recompute recompute;

    /// @param owner of the tensors, closed with the replica
    /// @param parameters of the part
    /// @param weights of the model; where it is the part, the parameters
    Replica(
            NDManager owner,
            TrainedPart part,
            LearnerSettings settings,
            SequencedMap<String, NDArray> parameters,
            SequencedMap<String, NDArray> weights) {
        this.owner = owner;
        this.part = part;
        this.settings = settings;
        this.parameters = parameters;
        this.weights = weights;
        Adapters adapters = switch (part) {
            case TrainedPart.Whole _ -> Adapters.NONE;
            case TrainedPart.Adapter adapter -> Adapters.of(adapter.shape(), adapter.config(), parameters);
        };
        model = new DeepSeekModel(
                part.config(),
                weights,
                adapters,
                settings.precision(),
                settings.objective().balanceWeight());
        SequencedMap<String, Number> constants = new LinkedHashMap<>();
        constants.put("beta1", settings.beta1());
        constants.put("beta2", settings.beta2());
        constants.put("epsilon", settings.epsilon());
        kernels = Kernels.compile(constants, List.of(GradientNorm.SCRIPT, AdamW.SCRIPT, SCRIPT), owner.getDevice());
        recompute = settings.recompute();
        learned = part.learned().stream()
                .map(spec -> Objects.requireNonNull(parameters.get(spec.name())))
                .toList();
        gradients = model.learn(learned);
        loss = owner.zeros(new Shape(), DataType.FLOAT32);
    }

    /// Another one, with copies of the tensors.
    Replica copy(Device device) {
        // A copy that autograd could trace would keep the tensors that it was made of.
        JniUtils.setGradMode(false);
        NDManager other = NDManager.newBaseManager(device, "PyTorch");
        try {
            SequencedMap<String, NDArray> weightCopies = LearnerState.copy(weights, other);
            SequencedMap<String, NDArray> parameterCopies = switch (part) {
                case TrainedPart.Whole _ -> weightCopies;
                case TrainedPart.Adapter _ -> LearnerState.copy(parameters, other);
            };
            return new Replica(other, part, settings, parameterCopies, weightCopies);
        } catch (RuntimeException | Error e) {
            other.close();
            throw e;
        }
    }

    DeepSeekModel model() {
        return model;
    }

    Kernels kernels() {
        return kernels;
    }

    SequencedMap<String, NDArray> parameters() {
        return parameters;
    }

    NDManager scope() {
        return owner.newSubManager();
    }

    /// Elements that are learned.
    long learnedElements() {
        return learned.stream().mapToLong(NDArray::size).sum();
    }

    /// Brings tokens to the device, see [DeepSeekModel#stage].
    TokenGrid stage(NDManager scope, TokenGrid tokens) {
        return model.stage(scope, tokens);
    }

    /// Adds the gradient of `sum(loss over targets) / stepTargets`.
    ///
    /// @param predictionWeight of the loss of multi-token prediction
    void accumulate(TokenGrid inputs, TokenGrid targets, long stepTargets, double predictionWeight) {
        try (NDManager microBatch = owner.newSubManager()) {
            // Each thread has a mode of its own.
            JniUtils.setGradMode(true);
            NDArray share = microBatch.full(new Shape(), 1f / stepTargets, DataType.FLOAT32);
            NDArray added = model.train(microBatch, inputs, targets, share, predictionWeight, recompute, gradients);
            kernels.plain("add_loss", microBatch, loss, added, share);
        }
    }

    /// Adds what another has accumulated.
    void add(Replica other) {
        try (NDManager scope = owner.newSubManager()) {
            gradients.add(other.gradients);
            kernels.plain("add_loss_of", scope, loss, other.loss);
            model.addLoads(other.model);
        }
    }

    /// Loss and gradient norm of what was accumulated; waits for the device.
    float[] lossAndNorm() {
        try (NDManager scope = owner.newSubManager()) {
            return kernels.plain("gradient_norm", scope, List.of(learned), loss).toFloatArray();
        }
    }

    /// Ends a step.
    ///
    /// @param biasRate how far the biases of routers move
    void clear(double biasRate) {
        try (NDManager scope = owner.newSubManager()) {
            model.balanceRouters(biasRate);
            gradients.forget();
            kernels.plain("forget_loss", scope, loss);
        }
    }

    /// Takes the values of another's parameters.
    void follow(Replica other) {
        try (NDManager scope = owner.newSubManager()) {
            kernels.plain(
                    "follow", scope, List.of(List.copyOf(parameters.values()), List.copyOf(other.parameters.values())));
        }
    }

    @Override
    public void close() {
        model.close();
        kernels.close();
        owner.close();
    }
}
