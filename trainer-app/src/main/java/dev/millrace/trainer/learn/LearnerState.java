package dev.millrace.trainer.learn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.millrace.trainer.model.ParameterSpec;
import dev.millrace.trainer.weights.SafetensorsFile;
import dev.millrace.trainer.weights.SafetensorsWriter;
import dev.millrace.trainer.weights.WeightFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;

/// Everything that learning changes: parameters and, of the learned ones, moments by name, and the number of updates
/// they have seen.
record LearnerState(
        SequencedMap<String, NDArray> parameters,
        SequencedMap<String, NDArray> firstMoments,
        SequencedMap<String, NDArray> secondMoments,
        long steps) {

    private static final String FIRST_MOMENT = "exp_avg.";
    private static final String SECOND_MOMENT = "exp_avg_sq.";
    private static final String OPTIMIZER_FILE = "optimizer.safetensors";

    static LearnerState random(TrainedPart part, LearnerSettings settings, NDManager owner) {
        Initialization initialization = new Initialization(
                settings.seed(), settings.initStd().orElse(part.config().initializerRange()));
        SequencedMap<String, NDArray> parameters = new LinkedHashMap<>();
        for (ParameterSpec spec : part.parameters()) {
            parameters.put(spec.name(), initialization.create(spec, owner));
        }
        return new LearnerState(parameters, zeros(part, owner), zeros(part, owner), 0);
    }

    static LearnerState pretrained(TrainedPart part, Path directory, NDManager owner) throws IOException {
        return new LearnerState(weights(part, directory, owner), zeros(part, owner), zeros(part, owner), 0);
    }

    static LearnerState saved(TrainedPart part, Path directory, long step, NDManager owner) throws IOException {
        SequencedMap<String, NDArray> first = new LinkedHashMap<>();
        SequencedMap<String, NDArray> second = new LinkedHashMap<>();
        Path path = directory.resolve(OPTIMIZER_FILE);
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            String savedStep = file.metadata().getOrDefault("step", "unknown");
            if (!savedStep.equals(Long.toString(step))) {
                throw new IOException(path + ": is of step " + savedStep + ", step " + step + " was asked for");
            }
            for (ParameterSpec spec : part.learned()) {
                first.put(spec.name(), moment(file, FIRST_MOMENT, spec, owner));
                second.put(spec.name(), moment(file, SECOND_MOMENT, spec, owner));
            }
        }
        return new LearnerState(weights(part, directory, owner), first, second, step);
    }

    private static NDArray moment(SafetensorsFile file, String prefix, ParameterSpec spec, NDManager owner)
            throws IOException {
        String name = prefix + spec.name();
        if (!file.shape(name).equals(spec.shape())) {
            throw new IOException(
                    file.path() + ": " + name + " has shape " + file.shape(name) + ", the model wants " + spec.shape());
        }
        return file.read(name, owner);
    }

    /// The tensors of a part, from the files that hold it.
    static SequencedMap<String, NDArray> weights(TrainedPart part, Path directory, NDManager owner) throws IOException {
        SequencedMap<String, Shape> wanted = new LinkedHashMap<>();
        part.parameters().forEach(spec -> wanted.put(spec.name(), spec.shape()));
        try (WeightFiles files = part.open(directory)) {
            return files.read(wanted, part::isIgnorable, owner);
        }
    }

    private static SequencedMap<String, NDArray> zeros(TrainedPart part, NDManager owner) {
        SequencedMap<String, NDArray> zeros = new LinkedHashMap<>();
        part.learned().forEach(spec -> zeros.put(spec.name(), owner.zeros(spec.shape(), DataType.FLOAT32)));
        return zeros;
    }

    /// The same values in tensors of their own, on the host.
    LearnerState copy(NDManager owner) {
        return new LearnerState(copy(parameters, owner), copy(firstMoments, owner), copy(secondMoments, owner), steps);
    }

    static SequencedMap<String, NDArray> copy(SequencedMap<String, NDArray> tensors, NDManager owner) {
        SequencedMap<String, NDArray> copies = new LinkedHashMap<>();
        tensors.forEach((name, tensor) -> {
            // On its own device, toDevice gives the same memory, whatever is asked of it.
            NDArray copy = tensor.getDevice().equals(owner.getDevice())
                    ? tensor.duplicate()
                    : tensor.toDevice(owner.getDevice(), true);
            copy.attach(owner);
            copies.put(name, copy);
        });
        return copies;
    }

    void save(TrainedPart part, Path directory) throws IOException {
        part.write(directory, parameters);
        Map<String, NDArray> moments = new LinkedHashMap<>();
        firstMoments.forEach((name, moment) -> moments.put(FIRST_MOMENT + name, moment));
        secondMoments.forEach((name, moment) -> moments.put(SECOND_MOMENT + name, moment));
        SafetensorsWriter.write(directory.resolve(OPTIMIZER_FILE), moments, Map.of("step", Long.toString(steps)));
        part.describe(directory);
    }
}
