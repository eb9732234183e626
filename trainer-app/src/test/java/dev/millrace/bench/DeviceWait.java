package dev.millrace.bench;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

/// Waits until a device has done what it was given: a GPU computes behind the host's back, and a clock that is read
/// before it is done tells how long giving takes. What is read back to the host comes after all that was given before.
final class DeviceWait implements AutoCloseable {
    private final NDManager owner;

    DeviceWait(Device device) {
        owner = NDManager.newBaseManager(device, "PyTorch");
    }

    void await() {
        try (NDArray last = owner.zeros(new Shape(1), DataType.FLOAT32)) {
            float[] _ = last.toFloatArray();
        }
    }

    /// Where what is on the device lives for a moment.
    NDManager scope() {
        return owner.newSubManager();
    }

    @Override
    public void close() {
        owner.close();
    }
}
