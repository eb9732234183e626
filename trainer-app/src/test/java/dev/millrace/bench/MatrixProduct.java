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

/// How fast the machine multiplies square matrices of 1024 rows, in the operation that models use for their products
/// (`x W'`), and in their type: in float32 on a CPU that is not libtorch's own, see [Products]. One thread.
final class MatrixProduct implements AutoCloseable {
    private static final int ROWS = 1024;
    private static final long ENOUGH_NANOS = 200_000_000;
    private static final String SCRIPT = """
            def rounded(self: __torch__.Kernels, x: Tensor, like: Tensor) -> Tensor:
              return torch.to(x, int(like))
            """;

    private final NDManager owner = NDManager.newBaseManager(Device.cpu(), "PyTorch");
    private final Kernels kernels;
    private final NDArray left;
    private final NDArray right;
    private final List<Double> gflops = new ArrayList<>();

    MatrixProduct(Precision precision) {
        SequencedMap<String, Number> constants = new LinkedHashMap<>();
        constants.put("compute_type", precision.scalarType());
        kernels = Kernels.compile(constants, List.of(SCRIPT, Products.script(precision, Device.cpu())), Device.cpu());
        NDArray type = owner.create(precision.scalarType());
        Shape shape = new Shape(ROWS, ROWS);
        left = kernels.plain("rounded", owner, owner.randomNormal(0, 1, shape, DataType.FLOAT32), type);
        right = kernels.plain("rounded", owner, owner.randomNormal(0, 1, shape, DataType.FLOAT32), type);
        once();
    }

    private void once() {
        kernels.plain("product", owner, left, right).close();
    }

    /// Takes one sample: products for a fifth of a second, at least one.
    void sample() {
        long begun = System.nanoTime();
        int products = 0;
        long nanos;
        do {
            once();
            products++;
            nanos = System.nanoTime() - begun;
        } while (nanos < ENOUGH_NANOS);
        gflops.add(2.0 * ROWS * ROWS * ROWS * products / nanos);
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
        owner.close();
    }
}
