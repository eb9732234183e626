package dev.millrace.trainer.learn;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.pytorch.jni.JniUtils;

/// Loads libtorch into this process, once.
public final class TorchEngine {
    private TorchEngine() {}

    /// What was loaded.
    ///
    /// @param libtorch its version
    /// @param defaultDevice what `auto` means here
    /// @param gpus how many CUDA devices it sees
    /// @param threads that one operation is spread over on the CPU; the last bits of results depend on it
    /// @param instructionSet of the CPU; the last bits depend on that too
    public record Loaded(String libtorch, Device defaultDevice, int gpus, int threads, String instructionSet) {}

    /// Sets what must be set before libtorch loads, and loads it. A second call changes the thread count only.
    ///
    /// @param threads that one operation is spread over on the CPU
    public static Loaded start(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("threads is " + threads + ", it must be at least 1");
        }
        System.setProperty("ai.djl.offline", "true");
        System.setProperty("OPT_OUT_TRACKING", "true");
        System.setProperty("ai.djl.pytorch.graph_optimizer", "false");
        Engine engine = Engine.getEngine("PyTorch");
        JniUtils.setNumThreads(threads);
        return new Loaded(
                engine.getVersion(),
                engine.defaultDevice(),
                engine.getGpuCount(),
                JniUtils.getNumThreads(),
                InstructionSet.here());
    }

    /// The GPUs that can be computed on. [#start] comes first.
    ///
    /// @throws IllegalStateException where there are some, but they cannot be counted
    static int gpus() {
        Engine engine = Engine.getEngine("PyTorch");
        return gpus(engine.hasCapability("CUDA"), engine.getGpuCount());
    }

    /// @param seen whether libtorch has one
    /// @param counted by DJL, which asks CUDA's runtime, and looks for it under no name but `libcudart.so`
    static int gpus(boolean seen, int counted) {
        if (seen && counted == 0) {
            throw new IllegalStateException("libtorch has a GPU, but DJL finds no libcudart.so to count them with: give"
                    + " the libcudart-….so.12 beside libtorch that name as well, in a directory of LD_LIBRARY_PATH");
        }
        return counted;
    }
}
