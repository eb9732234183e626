package dev.millrace.bench;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import dev.millrace.trainer.model.Kernels;
import dev.millrace.trainer.model.Precision;
import dev.millrace.trainer.model.Products;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/// How fast a device multiplies square matrices, of 1024 rows on a CPU, of 8192 on a GPU, which smaller ones do
/// not fill, in the operation that models use for their products (`x W'`), and in their type: in float32 on a
/// CPU that is not libtorch's own, see [Products]. One thread.
final class MatrixProduct implements AutoCloseable {
    private static final int CPU_ROWS = 1024;
    private static final int GPU_ROWS = 8192;
    /// Of a GPU, which is waited for after so many: that takes as long as a hundredth of one.
    private static final int GPU_PRODUCTS = 4;
    private static final long ENOUGH_NANOS = 200_000_000;
    private static final String SCRIPT = """
            def rounded(self: __torch__.Kernels, x: Tensor, like: Tensor) -> Tensor:
              return torch.to(x, int(like))
            """;

    private final NDManager owner;
    private final DeviceWait device;
    private final Kernels kernels;
    private final int size;
    private final int together;
    private final NDArray left;
    private final NDArray right;
    private final List<Double> gflops = new ArrayList<>();

    MatrixProduct(Precision precision, Device device) {
        owner = NDManager.newBaseManager(device, "PyTorch");
        this.device = new DeviceWait(device);
        size = device.isGpu() ? GPU_ROWS : CPU_ROWS;
        together = device.isGpu() ? GPU_PRODUCTS : 1;
        SequencedMap<String, Number> constants = new LinkedHashMap<>();
        constants.put("compute_type", precision.scalarType());
        kernels = Kernels.compile(constants, List.of(SCRIPT, Products.script(precision, device)), device);
        NDArray type = owner.create(precision.scalarType());
        Shape shape = new Shape(size, size);
        left = kernels.plain("rounded", owner, owner.randomNormal(0, 1, shape, DataType.FLOAT32), type);
        right = kernels.plain("rounded", owner, owner.randomNormal(0, 1, shape, DataType.FLOAT32), type);
        once();
    }

    /// Returns when they are done.
    private void once() {
        for (int i = 0; i < together; i++) {
            kernels.plain("product", owner, left, right).close();
        }
        device.await();
    }

    /// Takes one sample: products for a fifth of a second, at least one.
    void sample() {
        long begun = System.nanoTime();
        int products = 0;
        long nanos;
        do {
            once();
            products += together;
            nanos = System.nanoTime() - begun;
        } while (nanos < ENOUGH_NANOS);
        gflops.add(2.0 * size * size * size * products / nanos);
    }

    /// The median of the samples.
    double gflops() {
        Collections.sort(gflops);
        int middle = gflops.size() / 2;
        return gflops.size() % 2 == 1 ? gflops.get(middle) : (gflops.get(middle - 1) + gflops.get(middle)) / 2;
    }

    @Override
    public void close() {
        kernels.close();
        device.close();
        owner.close();
    }
}
