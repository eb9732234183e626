package dev.millrace.trainer.model;

import ai.djl.Device;
import ai.djl.MalformedModelException;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/// A library of TorchScript functions on one device: each call runs in libtorch as a whole, so that a layer part
/// costs one crossing from Java instead of one per operation, and its temporaries live no longer than autograd
/// needs them.
///
/// Owned by one thread, like the tensors it works on. Results belong to the scope that the caller names.
public final class Kernels implements AutoCloseable {
    /// libtorch's own script optimizer breaks on mixed types in the backward pass and specialises anew for every
    /// shape.
    private static final String OPTIMIZER_PROPERTY = "ai.djl.pytorch.graph_optimizer";

    private final Model library;
    private final Block block;
    private final ParameterStore noParameters;
    private final Map<String, NDArray> methods = new HashMap<>();

    private Kernels(Model library) {
        this.library = library;
        this.block = library.getBlock();
        this.noParameters = new ParameterStore(library.getNDManager(), false);
    }

    /// Compiles functions, given as TorchScript text, for a device.
    ///
    /// @param constants Long and Double values that the functions read as `self.key`
    /// @throws IllegalStateException where libtorch's script optimizer has not been switched off
    public static Kernels compile(SequencedMap<String, Number> constants, List<String> functions, Device device) {
        if (!"false".equals(System.getProperty(OPTIMIZER_PROPERTY))) {
            throw new IllegalStateException(
                    OPTIMIZER_PROPERTY + " must be false before the first computation: call TorchEngine.start");
        }
        Model library = Model.newInstance("kernels", device, "PyTorch");
        try {
            library.load(new ByteArrayInputStream(ScriptArchive.write(constants, functions)));
            return new Kernels(library);
        } catch (IOException e) {
            library.close();
            throw new UncheckedIOException("libtorch could not read the kernels", e);
        } catch (MalformedModelException | RuntimeException e) {
            library.close();
            throw new IllegalStateException("libtorch refused the kernels", e);
        }
    }

    /// Runs a function that returns one tensor, recording what a backward pass needs wherever an input wants a
    /// gradient.
    public NDArray differentiable(String method, NDManager scope, NDArray... inputs) {
        return call(method, scope, true, inputs);
    }

    /// Runs a function that returns one tensor, without recording gradients.
    public NDArray plain(String method, NDManager scope, NDArray... inputs) {
        return call(method, scope, false, inputs);
    }

    /// As [#differentiable], for functions whose parameters are lists of tensors.
    public NDArray differentiable(String method, NDManager scope, List<? extends List<NDArray>> lists) {
        return all(method, scope, true, lists).singletonOrThrow();
    }

    /// As [#plain], for functions whose first parameters are lists of tensors.
    public NDArray plain(String method, NDManager scope, List<? extends List<NDArray>> lists, NDArray... inputs) {
        return all(method, scope, false, lists, inputs).singletonOrThrow();
    }

    /// Runs a function that returns a list of tensors and whose first parameters are lists of tensors.
    NDList all(
            String method, NDManager scope, boolean gradients, List<? extends List<NDArray>> lists, NDArray... inputs) {
        NDList all = new NDList();
        try {
            for (int i = 0; i < lists.size(); i++) {
                for (NDArray array : lists.get(i)) {
                    // DJL gathers inputs whose names end in [] into one list per name.
                    array.setName("list" + i + "[]");
                    all.add(array);
                }
            }
            all.addAll(List.of(inputs));
            return all(method, scope, gradients, all);
        } finally {
            lists.forEach(list -> list.forEach(array -> array.setName(null)));
        }
    }

    private NDArray call(String method, NDManager scope, boolean gradients, NDArray... inputs) {
        return all(method, scope, gradients, new NDList(inputs)).singletonOrThrow();
    }

    /// Runs a function that returns a list of tensors.
    NDList all(String method, NDManager scope, boolean gradients, NDList inputs) {
        NDArray name = methods.computeIfAbsent(method, this::methodName);
        // DJL gives the results to the manager of the first input.
        NDList named = new NDList(inputs.size() + 1);
        named.add(name);
        named.addAll(inputs);
        NDList results = block.forward(noParameters, named, gradients);
        results.attach(scope);
        return results;
    }

    /// DJL calls another method than `forward` when an input, otherwise unused, is named after it.
    private NDArray methodName(String method) {
        NDArray name = library.getNDManager().create(0);
        name.setName("module_method:" + method);
        return name;
    }

    @Override
    public void close() {
        library.close();
    }
}
