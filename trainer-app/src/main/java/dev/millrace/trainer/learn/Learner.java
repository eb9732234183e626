package dev.millrace.trainer.learn;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.pytorch.jni.JniUtils;
import dev.millrace.trainer.batch.Ramp;
import dev.millrace.trainer.model.AdapterShape;
import dev.millrace.trainer.model.DeepSeekModel;
import dev.millrace.trainer.model.ModelConfig;
import dev.millrace.trainer.model.TokenGrid;
import dev.millrace.trainer.weights.FloatFormat;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SequencedMap;

/// A model with its optimizer. Owned by one thread (the training thread).
///
/// On several devices there is a replica of the model on each. Micro-batches are dealt out in turn; at the end of the
/// step the gradients of all are added in the first, which has the optimizer, and whose parameters the others take.
/// So the number of replicas changes what is computed by no more than the order of a sum.
///
/// A step is one or more calls of [#accumulate], then one of [#step]. Equal weights, inputs, thread count, number of
/// replicas and machine give equal bits, across [#save] and [#restore] as well. After an exception of libtorch
/// (memory, say) gradients may be half added: close the learner and restore.
public final class Learner implements Saveable, AutoCloseable {
    private final TrainedPart part;
    private final Replica first;
    private final List<Worker> others = new ArrayList<>();
    private final AdamW optimizer;
    private final GradientNorm clipping;
    private final Ramp<Double> routerBiasRate;
    private final Ramp<Double> predictionWeight;
    private long step = 1;
    private int accumulated;

    private Learner(TrainedPart part, LearnerSettings settings, LearnerState state, Replica first) {
        this.part = part;
        this.first = first;
        optimizer = new AdamW(first.kernels(), settings.weightDecay(), state);
        clipping = new GradientNorm(settings.maxGradientNorm());
        routerBiasRate = switch (part) {
            case TrainedPart.Whole _ -> settings.routerBiasRate();
            case TrainedPart.Adapter _ -> Ramp.constant(0.0);
        };
        predictionWeight = settings.objective().predictionWeight();
    }

    /// Starts from random weights.
    ///
    /// @param devices one for each replica, one or more; the same may be there twice
    public static Learner create(ModelConfig config, LearnerSettings settings, Device... devices) {
        try {
            TrainedPart whole = new TrainedPart.Whole(config);
            return open(whole, settings, owner -> LearnerState.random(whole, settings, owner), devices);
        } catch (IOException e) {
            throw new IllegalStateException("Random weights need no file", e);
        }
    }

    /// Starts from the weights of a Hugging Face model directory, in float32 whatever their type there.
    ///
    /// @throws IOException if a file is missing, damaged, or not of the model that its `config.json` describes
    public static Learner load(Path modelDirectory, LearnerSettings settings, Device... devices) throws IOException {
        TrainedPart whole = new TrainedPart.Whole(ModelConfig.read(modelDirectory));
        return open(whole, settings, owner -> LearnerState.pretrained(whole, modelDirectory, owner), devices);
    }

    /// Starts with adapters that add nothing to a model, which itself stays as it is.
    ///
    /// @param base a Hugging Face model directory
    /// @throws IOException as [#load] does
    public static Learner adapt(Path base, AdapterShape shape, LearnerSettings settings, Device... devices)
            throws IOException {
        TrainedPart adapter = new TrainedPart.Adapter(ModelConfig.read(base), shape, base);
        return open(adapter, settings, owner -> LearnerState.random(adapter, settings, owner), devices);
    }

    /// Continues from what [#save] wrote.
    ///
    /// @param step the updates that the weights have seen, what [#steps] said when they were saved
    /// @throws IOException if a file is missing, damaged or of another step
    public static Learner restore(Path checkpointDirectory, long step, LearnerSettings settings, Device... devices)
            throws IOException {
        TrainedPart whole = new TrainedPart.Whole(ModelConfig.read(checkpointDirectory));
        return open(whole, settings, owner -> LearnerState.saved(whole, checkpointDirectory, step, owner), devices);
    }

    /// Continues with the adapters that [#save] wrote.
    ///
    /// @param base the model that they were learned for; whether it is, its caller has to know
    /// @throws IOException as [#restore] does
    public static Learner restoreAdapter(
            Path base,
            AdapterShape shape,
            Path checkpointDirectory,
            long step,
            LearnerSettings settings,
            Device... devices)
            throws IOException {
        TrainedPart adapter = new TrainedPart.Adapter(ModelConfig.read(base), shape, base);
        return open(adapter, settings, owner -> LearnerState.saved(adapter, checkpointDirectory, step, owner), devices);
    }

    private interface StateSource {
        LearnerState read(NDManager owner) throws IOException;
    }

    private static Learner open(TrainedPart part, LearnerSettings settings, StateSource source, Device... devices)
            throws IOException {
        NDManager owner = NDManager.newBaseManager(devices[0], "PyTorch");
        Learner learner;
        try {
            LearnerState state = source.read(owner);
            SequencedMap<String, NDArray> weights = switch (part) {
                case TrainedPart.Whole _ -> state.parameters();
                case TrainedPart.Adapter adapter ->
                    LearnerState.weights(new TrainedPart.Whole(adapter.config()), adapter.base(), owner);
            };
            learner =
                    new Learner(part, settings, state, new Replica(owner, part, settings, state.parameters(), weights));
        } catch (IOException | RuntimeException e) {
            owner.close();
            throw e;
        }
        try {
            for (int i = 1; i < devices.length; i++) {
                learner.others.add(new Worker(learner.first.copy(devices[i]), i));
            }
            return learner;
        } catch (RuntimeException e) {
            learner.close();
            throw e;
        }
    }

    /// Says which step comes next: what the settings say of it holds from now on, of the first where nothing is said.
    ///
    /// @param number counted from 1, steps that were skipped included
    /// @throws IllegalStateException in the middle of a step
    public void begin(long number) {
        if (accumulated > 0) {
            throw new IllegalStateException("Step " + step + " is under way, step " + number + " cannot begin");
        }
        step = number;
    }

    /// Adds the gradient of `sum(loss over targets) / stepTargets`, so that several micro-batches of one step
    /// give the mean over all its targets.
    ///
    /// @param inputs token ids, row-major `[rows, columns]`
    /// @param targets the token due after each input, or -100 where none is to be learned
    /// @param stepTargets targets other than -100 in all micro-batches of the step
    public void accumulate(int[] inputs, int[] targets, int rows, int columns, long stepTargets) {
        accumulate(new TokenGrid(inputs, rows, columns), new TokenGrid(targets, rows, columns), stepTargets);
    }

    /// As [#accumulate(int[], int[], int, int, long)], where documents may be kept apart, see [TokenGrid#apart].
    public void accumulate(TokenGrid inputs, TokenGrid targets, long stepTargets) {
        requireWithin(targets, stepTargets);
        accumulate(accumulated, inputs, targets, stepTargets);
    }

    /// As [#accumulate(int[], int[], int, int, long)], of what was staged.
    public void accumulate(MicroBatch staged, long stepTargets) {
        requireWithin(staged.targets, stepTargets);
        accumulate(staged.number, staged.inputs, staged.targets, stepTargets);
    }

    private void accumulate(int number, TokenGrid inputs, TokenGrid targets, long stepTargets) {
        accumulated++;
        int turn = turn(number);
        double lambda = predictionWeight.at(step);
        if (turn < others.size()) {
            others.get(turn).accumulate(inputs, targets, stepTargets, lambda);
        } else {
            first.accumulate(inputs, targets, stepTargets, lambda);
        }
    }

    /// The last of each round goes to the first replica, on this thread, when the others are at work already.
    private int turn(int number) {
        return number % (others.size() + 1);
    }

    /// Brings a micro-batch to the device of the replica that is to have it. Between steps, or before the first
    /// micro-batch of one.
    ///
    /// @param number of the micro-batch in its step, from 0
    public MicroBatch stage(int number, TokenGrid inputs, TokenGrid targets) {
        int turn = turn(number);
        Optional<Worker> worker = turn < others.size() ? Optional.of(others.get(turn)) : Optional.empty();
        Replica replica = worker.map(Worker::await).orElse(first);
        NDManager scope = replica.scope();
        try {
            return new MicroBatch(scope, worker, number, replica.stage(scope, inputs), replica.stage(scope, targets));
        } catch (RuntimeException | Error e) {
            scope.close();
            throw e;
        }
    }

    /// Tokens on the device of the replica that is to have them, or on their way there. To be closed before the
    /// learner.
    public static final class MicroBatch implements AutoCloseable {
        private final NDManager scope;
        private final Optional<Worker> worker;
        private final int number;
        private final TokenGrid inputs;
        private final TokenGrid targets;

        private MicroBatch(NDManager scope, Optional<Worker> worker, int number, TokenGrid inputs, TokenGrid targets) {
            this.scope = scope;
            this.worker = worker;
            this.number = number;
            this.inputs = inputs;
            this.targets = targets;
        }

        /// Waits where they are being trained on, as they may be when another replica has failed.
        @Override
        public void close() {
            worker.ifPresent(Worker::quiesce);
            scope.close();
        }
    }

    private static void requireWithin(TokenGrid targets, long stepTargets) {
        if (targets.trainedTargets() > stepTargets || stepTargets < 1) {
            throw new IllegalArgumentException("The micro-batch has " + targets.trainedTargets()
                    + " targets, the whole step is said to have " + stepTargets);
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

    /// Ends the step. Loss and gradient norm are read, which waits for the device once, and must be finite, and
    /// not objected to; only then the weights are updated. Gradients are gone afterwards either way.
    ///
    /// @throws IllegalStateException if nothing was accumulated
    public StepOutcome step(double learningRate, Veto veto) {
        if (accumulated == 0) {
            throw new IllegalStateException("A step without accumulate has no gradient");
        }
        if (!Double.isFinite(learningRate) || learningRate < 0) {
            throw new IllegalArgumentException(
                    "Learning rate is " + learningRate + ", it must be finite and at least 0");
        }
        // In the same order every time: it shows in the last bits of the sum.
        others.forEach(other -> first.add(other.await()));
        float[] lossAndNorm = first.lossAndNorm();
        StepOutcome outcome = judge(lossAndNorm[0], lossAndNorm[1], veto);
        boolean applied = outcome instanceof StepOutcome.Applied;
        if (applied) {
            try (NDManager scope = first.scope()) {
                optimizer.update(scope, learningRate, clipping.coefficient(lossAndNorm[1]));
            }
        }
        first.clear(applied ? routerBiasRate.at(step) : 0);
        for (Worker other : others) {
            Replica replica = other.await();
            replica.clear(0);
            if (applied) {
                replica.follow(first);
            }
        }
        accumulated = 0;
        return outcome;
    }

    /// Gives up the step: what was accumulated is forgotten, and everything is as before it.
    public void discard() {
        if (accumulated == 0) {
            return;
        }
        others.forEach(other -> other.await().clear(0));
        first.clear(0);
        accumulated = 0;
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
        return part.config();
    }

    /// The model, for reading between steps, by the same thread. It closes with the learner.
    public DeepSeekModel model() {
        return first.model();
    }

    /// Elements that are learned.
    public long parameterCount() {
        return first.learnedElements();
    }

    /// Writes weights, `optimizer.safetensors` and what describes the weights into an existing directory, each
    /// forced to the disk: `model.safetensors` and `config.json`, or `adapter_model.safetensors` and
    /// `adapter_config.json`. A file that is there already stops it: a checkpoint is written once.
    @Override
    public void save(Path directory) throws IOException {
        state().save(part, directory);
    }

    /// Writes the weights and `config.json` into an existing directory, for other tools: what is needed to go on is not
    /// there, and in bfloat16 half of the bits are not. What adapters add is added to the weights, which for those
    /// matrices takes as much memory again.
    public void export(Path directory, FloatFormat format) throws IOException {
        try (NDManager scope = first.scope()) {
            new TrainedPart.Whole(config()).export(directory, model().mergedParameters(scope), format);
        }
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
        if (accumulated > 0) {
            throw new IllegalStateException("Between accumulate and step there is nothing whole to save");
        }
        return new LearnerState(first.parameters(), optimizer.firstMoments(), optimizer.secondMoments(), steps());
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
        others.forEach(Worker::close);
        first.close();
    }
}
