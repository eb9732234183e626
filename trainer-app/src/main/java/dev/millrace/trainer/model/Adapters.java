package dev.millrace.trainer.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/// Low-rank adapters, LoRA (Hu et al., 2021, arXiv 2106.09685): where a frozen matrix `W` is due, `W + s B A` is
/// computed with, so that only `A` and `B` are learned and have moments.
///
/// The sum is formed anew for each use: all parts of a model are adapted without knowing of it, and its weights are
/// to the bit those of a merged model. What it costs is a matrix of the size of `W` while a layer is computed, and,
/// in float32 and unless layers are recomputed, until the way back has passed it.
///
/// Shapes: O outputs, I inputs, R rank.
public final class Adapters {
    /// A model as it is.
    public static final Adapters NONE = new Adapters(1);

    static final String SCRIPT = """
            def adapted(self: __torch__.Kernels, weight_OxI: Tensor, a_RxI: Tensor, b_OxR: Tensor) -> Tensor:
              return torch.addmm(weight_OxI, b_OxR, a_RxI, beta=1, alpha=self.adapter_scale)
            """;

    /// By identity: equality of NDArrays is that of their elements.
    private final IdentityHashMap<NDArray, Pair> pairs = new IdentityHashMap<>();

    private final double scale;

    private record Pair(NDArray a_RxI, NDArray b_OxR) {}

    private Adapters(double scale) {
        this.scale = scale;
    }

    /// @param base tensors of the model, by hub name
    /// @param tensors of the adapters, by PEFT's name
    public static Adapters of(
            AdapterShape shape, ModelConfig config, Map<String, NDArray> base, Map<String, NDArray> tensors) {
        Adapters adapters = new Adapters(shape.scale());
        for (AdapterShape.Site site : shape.sites(config)) {
            adapters.pairs.put(
                    Parameters.require(base, site.matrix()),
                    new Pair(
                            Parameters.require(tensors, site.down().name()),
                            Parameters.require(tensors, site.up().name())));
        }
        return adapters;
    }

    boolean isEmpty() {
        return pairs.isEmpty();
    }

    double scale() {
        return scale;
    }

    /// What is computed with in place of some tensors.
    ///
    /// @param scope where sums live
    List<NDArray> applied(List<NDArray> tensors, Kernels kernels, NDManager scope, boolean gradients) {
        return tensors.stream()
                .map(tensor -> {
                    Pair pair = pairs.get(tensor);
                    if (pair == null) {
                        return tensor;
                    }
                    return gradients
                            ? kernels.differentiable("adapted", scope, tensor, pair.a_RxI, pair.b_OxR)
                            : kernels.plain("adapted", scope, tensor, pair.a_RxI, pair.b_OxR);
                })
                .toList();
    }
}
