package dev.millrace.trainer.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/// Low-rank adapters, LoRA (Hu et al., 2021, arXiv 2106.09685): beside the product with a frozen matrix `W`, inputs
/// take a second way, through `A` and `B`, see [Projection]. Only these two are learned and have gradients and moments;
/// the way back computes nothing of the size of `W` but what goes on to the layers before.
///
/// Merged, `W + s B A` is the matrix of a model without adapters that computes the same but for rounding.
///
/// Shapes: O outputs, I inputs, R rank.
public final class Adapters {
    /// A model as it is.
    public static final Adapters NONE = new Adapters(1);

    static final String SCRIPT = """
            def merged(self: __torch__.Kernels, weight_OxI: Tensor, a_RxI: Tensor, b_OxR: Tensor) -> Tensor:
              return torch.addmm(weight_OxI, b_OxR, a_RxI, beta=1, alpha=self.adapter_scale)
            """;

    /// By the name of the matrix on the hub.
    private final Map<String, Pair> pairs = new HashMap<>();

    private final double scale;

    private record Pair(NDArray a_RxI, NDArray b_OxR) {}

    private Adapters(double scale) {
        this.scale = scale;
    }

    /// @param tensors of the adapters, by PEFT's name
    public static Adapters of(AdapterShape shape, ModelConfig config, Map<String, NDArray> tensors) {
        Adapters adapters = new Adapters(shape.scale());
        for (AdapterShape.Site site : shape.sites(config)) {
            adapters.pairs.put(
                    site.matrix(),
                    new Pair(
                            Parameters.require(tensors, site.down().name()),
                            Parameters.require(tensors, site.up().name())));
        }
        return adapters;
    }

    double scale() {
        return scale;
    }

    /// @param name of the matrix on the hub
    Projection projection(String name, NDArray matrix_OxI) {
        Pair pair = pairs.get(name);
        return new Projection(pair == null ? List.of(matrix_OxI) : List.of(matrix_OxI, pair.a_RxI, pair.b_OxR));
    }

    /// A model's tensors with the adapters added to them, without gradients.
    ///
    /// @param scope where sums live
    Map<String, NDArray> merged(SequencedMap<String, NDArray> parameters, Kernels kernels, NDManager scope) {
        SequencedMap<String, NDArray> merged = new LinkedHashMap<>(parameters);
        pairs.forEach((name, pair) -> merged.computeIfPresent(
                name, (_, weight_OxI) -> kernels.plain("merged", scope, weight_OxI, pair.a_RxI, pair.b_OxR)));
        return Collections.unmodifiableMap(merged);
    }
}
