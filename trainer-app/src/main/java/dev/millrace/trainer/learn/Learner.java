package dev.millrace.trainer.learn;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import dev.millrace.trainer.model.AdapterShape;
import dev.millrace.trainer.model.Adapters;
import dev.millrace.trainer.model.DeepSeekModel;
import dev.millrace.trainer.model.Kernels;
import dev.millrace.trainer.model.ModelConfig;
import dev.millrace.trainer.model.Recompute;
import dev.millrace.trainer.model.TokenGrid;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.SequencedMap;

/// A model with its optimizer on one device. Owned by one thread (the training thread).
///
/// A step is one or more calls of [#accumulate], then one of [#step]. Equal weights, inputs, thread count and
/// machine give equal bits, across [#save] and [#restore] as well. After an exception of libtorch (memory, say)
/// gradients may be half added: close the learner and restore.
public final class Learner implements Saveable, AutoCloseable {
    private final NDManager owner;
    private final TrainedPart part;
    private final SequencedMap<String, NDArray> parameters;
    private final DeepSeekModel model;
    private final AdamW optimizer;
    private final Kernels kernels;
    private final GradientNorm clipping;
    private final List<NDArray> trained;
    private final NDArray stepLoss;
    private final double routerBiasRate;
    private final Recompute recompute;
    private boolean accumulated;

    private Learner(
            NDManager owner,
            TrainedPart part,
            LearnerSettings settings,
            LearnerState state,
            SequencedMap<String, NDArray> weights) {
        this.owner = owner;
        this.part = part;
        parameters = state.parameters();
        Adapters adapters = switch (part) {
            case TrainedPart.Whole _ -> Adapters.NONE;
            case TrainedPart.Adapter adapter ->
                Adapters.of(adapter.shape(), adapter.config(), weights, state.parameters());
        };
        model = new DeepSeekModel(part.config(), weights, adapters, settings.precision(), settings.objective());
        SequencedMap<String, Number> constants = new LinkedHashMap<>();
        constants.put("beta1", settings.beta1());
        constants.put("beta2", settings.beta2());
        constants.put("epsilon", settings.epsilon());
        kernels = Kernels.compile(constants, List.of(GradientNorm.SCRIPT, AdamW.SCRIPT), owner.getDevice());
        optimizer = new AdamW(kernels, settings.weightDecay(), state);
        clipping = new GradientNorm(settings.maxGradientNorm());
        routerBiasRate = switch (part) {
            case TrainedPart.Whole _ -> settings.routerBiasRate();
            case TrainedPart.Adapter _ -> 0;
        };
        recompute = settings.recompute();
        trained = part.learned().stream()
                .map(spec -> Objects.requireNonNull(state.parameters().get(spec.name())))
                .toList();
        trained.forEach(parameter -> parameter.setRequiresGradient(true));
        stepLoss = owner.zeros(new Shape(), DataType.FLOAT32);
        giveGradients();
    }

    /// Starts from random weights.
    public static Learner create(ModelConfig config, LearnerSettings settings, Device device) {
        try {
            TrainedPart whole = new TrainedPart.Whole(config);
            return open(whole, settings, device, owner -> LearnerState.random(whole, settings, owner));
        } catch (IOException e) {
            throw new IllegalStateException("Random weights need no file", e);
        }
    }

    /// Starts from the weights of a Hugging Face model directory, in float32 whatever their type there.
    ///
    /// @throws IOException if a file is missing, damaged, or not of the model that its `config.json` describes
    public static Learner load(Path modelDirectory, LearnerSettings settings, Device device) throws IOException {
        TrainedPart whole = new TrainedPart.Whole(ModelConfig.read(modelDirectory));
        return open(whole, settings, device, owner -> LearnerState.pretrained(whole, modelDirectory, owner));
    }

    /// Starts with adapters that add nothing to a model, which itself stays as it is.
    ///
    /// @param base a Hugging Face model directory
    /// @throws IOException as [#load] does
    public static Learner adapt(Path base, AdapterShape shape, LearnerSettings settings, Device device)
            throws IOException {
        TrainedPart adapter = new TrainedPart.Adapter(ModelConfig.read(base), shape, base);
        return open(adapter, settings, device, owner -> LearnerState.random(adapter, settings, owner));
    }

    /// Continues from what [#save] wrote.
    ///
    /// @param step the updates that the weights have seen, what [#steps] said when they were saved
    /// @throws IOException if a file is missing, damaged or of another step
    public static Learner restore(Path checkpointDirectory, long step, LearnerSettings settings, Device device)
            throws IOException {
        TrainedPart whole = new TrainedPart.Whole(ModelConfig.read(checkpointDirectory));
        return open(whole, settings, device, owner -> LearnerState.saved(whole, checkpointDirectory, step, owner));
    }

    /// Continues with the adapters that [#save] wrote.
    ///
    /// @param base the model that they were learned for; whether it is, its caller has to know
    /// @throws IOException as [#restore] does
    public static Learner restoreAdapter(
            Path base, AdapterShape shape, Path checkpointDirectory, long step, LearnerSettings settings, Device device)
            throws IOException {
        TrainedPart adapter = new TrainedPart.Adapter(ModelConfig.read(base), shape, base);
        return open(adapter, settings, device, owner -> LearnerState.saved(adapter, checkpointDirectory, step, owner));
    }

    /// An expert that no token has chosen yet would have no gradient at all; with zeros it decays like the others.
    private void giveGradients() {
        try (NDManager scope = owner.newSubManager()) {
            JniUtils.setGradMode(true);
            NDArray nothing = kernels.differentiable("nothing", scope, List.of(trained));
            JniUtils.backward((PtNDArray) nothing, (PtNDArray) scope.ones(new Shape()), false, false);
        }
    }

    private interface StateSource {
        LearnerState read(NDManager owner) throws IOException;
    }

    private static Learner open(TrainedPart part, LearnerSettings settings, Device device, StateSource source)
            throws IOException {
        NDManager owner = NDManager.newBaseManager(device, "PyTorch");
        try {
            LearnerState state = source.read(owner);
            SequencedMap<String, NDArray> weights = switch (part) {
                case TrainedPart.Whole _ -> state.parameters();
                case TrainedPart.Adapter adapter ->
                    LearnerState.weights(new TrainedPart.Whole(adapter.config()), adapter.base(), owner);
            };
            return new Learner(owner, part, settings, state, weights);
        } catch (IOException | RuntimeException e) {
            owner.close();
            throw e;
        }
    }

    /// Adds the gradient of `sum(loss over targets) / stepTargets`, so that several micro-batches of one step give
    /// the mean over all its targets.
    ///
    /// @param inputs token ids, row-major `[rows, columns]`
    /// @param targets the token due after each input, or -100 where none is to be learned
    /// @param stepTargets targets other than -100 in all micro-batches of the step
    public void accumulate(int[] inputs, int[] targets, int rows, int columns, long stepTargets) {
        accumulate(new TokenGrid(inputs, rows, columns), new TokenGrid(targets, rows, columns), stepTargets);
    }

    /// As [#accumulate(int[], int[], int, int, long)], where documents may be kept apart, see [TokenGrid#apart].
    public void accumulate(TokenGrid inputs, TokenGrid targets, long stepTargets) {
        if (targets.trainedTargets() > stepTargets || stepTargets < 1) {
            throw new IllegalArgumentException("The micro-batch has " + targets.trainedTargets()
                    + " targets, the whole step is said to have " + stepTargets);
        }
        try (NDManager microBatch = owner.newSubManager()) {
            JniUtils.setGradMode(true);
            NDArray share = microBatch.full(new Shape(), 1f / stepTargets, DataType.FLOAT32);
            accumulated = true;
            NDArray loss = model.train(microBatch, inputs, targets, share, recompute);
            kernels.plain("add_loss", microBatch, stepLoss, loss, share);
        }
    }

    /// Whether a step whose loss and gradient norm are finite may move the weights.
    @FunctionalInterface
    public interface Veto {
        Veto NONE = (_, _) -> Optional.empty();

        /// Why it may not.
        Optional<String> against(double loss, double gradientNorm);
    }

    /// As [#step(double, Veto)], without objections.
    public StepOutcome step(double learningRate) {
        return step(learningRate, Veto.NONE);
    }

    /// Ends the step. Loss and gradient norm are read, which waits for the device once, and must be finite, and not
    /// objected to; only then the weights are updated. Gradients are gone afterwards either way.
    ///
    /// @throws IllegalStateException if nothing was accumulated
    public StepOutcome step(double learningRate, Veto veto) {
        if (!accumulated) {
            throw new IllegalStateException("A step without accumulate has no gradient");
        }
        if (!Double.isFinite(learningRate) || learningRate < 0) {
            throw new IllegalArgumentException(
                    "Learning rate is " + learningRate + ", it must be finite and at least 0");
        }
        try (NDManager stepScope = owner.newSubManager()) {
            float[] lossAndNorm = kernels.plain("gradient_norm", stepScope, List.of(trained), stepLoss)
                    .toFloatArray();
            double loss = lossAndNorm[0];
            double norm = lossAndNorm[1];
            StepOutcome outcome = judge(loss, norm, veto);
            boolean applied = outcome instanceof StepOutcome.Applied;
            if (applied) {
                optimizer.update(stepScope, learningRate, clipping.coefficient(norm));
            }
            model.balanceRouters(applied ? routerBiasRate : 0);
            kernels.plain("clear", stepScope, List.of(trained), stepLoss);
            accumulated = false;
            return outcome;
        }
    }

    private static StepOutcome judge(double loss, double norm, Veto veto) {
        if (!Double.isFinite(loss) || !Double.isFinite(norm)) {
            return new StepOutcome.NonFinite(loss, norm);
        }
        return veto.against(loss, norm)
                .<StepOutcome>map(reason -> new StepOutcome.Spike(loss, norm, reason))
                .orElseGet(() -> new StepOutcome.Applied(loss, norm));
    }

    /// Updates that the weights have seen; skipped steps do not count.
    public long steps() {
        return optimizer.steps();
    }

    public ModelConfig config() {
        return model.config();
    }

    /// The model, for reading between steps, by the same thread. It closes with the learner.
    public DeepSeekModel model() {
        return model;
    }

    /// Elements that are learned.
    public long parameterCount() {
        return trained.stream().mapToLong(NDArray::size).sum();
    }

    /// Writes weights, `optimizer.safetensors` and what describes the weights into an existing directory, each
    /// forced to the disk: `model.safetensors` and `config.json`, or `adapter_model.safetensors` and
    /// `adapter_config.json`. A file that is there already stops it: a checkpoint is written once.
    @Override
    public void save(Path directory) throws IOException {
        state().save(part, directory);
    }

    /// Copies on the host of all that [#save] writes (12 bytes a parameter), which the next steps leave as they are.
    /// Any one thread may write and close them.
    public Snapshot snapshot() {
        // A copy that autograd could trace would keep the tensors that it was made of.
        JniUtils.setGradMode(false);
        NDManager copies = NDManager.newBaseManager(Device.cpu(), "PyTorch");
        try {
            return new Snapshot(copies, part, state().copy(copies));
        } catch (RuntimeException | Error e) {
            copies.close();
            throw e;
        }
    }

    private LearnerState state() {
        if (accumulated) {
            throw new IllegalStateException("Between accumulate and step there is nothing whole to save");
        }
        return new LearnerState(parameters, optimizer.firstMoments(), optimizer.secondMoments(), steps());
    }

    /// The state of a learner between two steps.
    public static final class Snapshot implements Saveable, AutoCloseable {
        private final NDManager owner;
        private final TrainedPart part;
        private final LearnerState state;

        private Snapshot(NDManager owner, TrainedPart part, LearnerState state) {
            this.owner = owner;
            this.part = part;
            this.state = state;
        }

        @Override
        public void save(Path directory) throws IOException {
            state.save(part, directory);
        }

        @Override
        public void close() {
            owner.close();
        }
    }

    @Override
    public void close() {
        model.close();
        kernels.close();
        owner.close();
    }
}
