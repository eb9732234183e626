package dev.millrace.trainer.model;

import ai.djl.ndarray.NDArray;
import java.util.List;
import java.util.stream.IntStream;

/// A linear module: a matrix `W` that inputs are multiplied with, perhaps with an adapter of low rank, see [Adapters]:
/// `x W^T + s (x A^T) B^T`. The functions take it as a list, `[W]` or `[W, A, B]`.
///
/// Shapes: O outputs, I inputs, R rank.
///
/// @param tensors `W_OxI`; of an adapter `A_RxI` and `B_OxR`
record Projection(List<NDArray> tensors) {
    static final String SCRIPT = """
            def project(self: __torch__.Kernels, x: Tensor, module: List[Tensor]) -> Tensor:
              if torch.gt(torch.len(module), 1):
                added = (self).product((self).product(x, module[1]), module[2])
                y = torch.add((self).product(x, module[0]), added, alpha=self.adapter_scale)
              else:
                y = (self).product(x, module[0])
              return y
            """;

    /// The same module of several experts as one list: all of `W`, then of `A`, then of `B`. Those of expert `e` are
    /// every so many-th from `e` on as there are experts.
    static List<NDArray> ofExperts(List<Projection> experts) {
        return IntStream.range(0, experts.getFirst().tensors.size())
                .boxed()
                .flatMap(i -> experts.stream().map(expert -> expert.tensors.get(i)))
                .toList();
    }
}
