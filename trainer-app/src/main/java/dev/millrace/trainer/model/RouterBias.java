package dev.millrace.trainer.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;

/// Load balancing without an auxiliary loss (Wang et al., 2024; V3, arXiv 2412.19437, section 2.1.2): after each
/// step, the bias of an expert that got more tokens than the mean falls by gamma, that of one that got fewer rises.
///
/// The tokens of a step are counted over all its micro-batches.
final class RouterBias {
    static final String NAME = "mlp.gate.e_score_correction_bias";

    static final String SCRIPT = """
            def count_load(self: __torch__.Kernels, load_E: Tensor, counts_E: Tensor) -> Tensor:
              return torch.add_(load_E, torch.to(counts_E, ops.prim.device(load_E), 6))
            def move_bias(self: __torch__.Kernels, bias_E: Tensor, load_E: Tensor, gamma: Tensor) -> Tensor:
              missing_E = torch.sub(torch.mean(load_E), load_E)
              return torch.add_(bias_E, torch.mul(torch.sign(missing_E), gamma))
            def clear_load(self: __torch__.Kernels, load_E: Tensor) -> Tensor:
              return torch.zero_(load_E)
            """;

    private final NDArray bias_E;
    private final NDArray load_E;

    RouterBias(NDArray bias_E, NDManager owner) {
        this.bias_E = bias_E;
        load_E = owner.zeros(bias_E.getShape(), DataType.FLOAT32);
    }

    /// Adds the tokens of a micro-batch.
    void count(BlockPart.Pass pass, NDArray counts_E) {
        pass.kernels().plain("count_load", pass.scope(), load_E, counts_E);
    }

    /// Adds the tokens that another replica has counted.
    void add(Kernels kernels, NDManager scope, RouterBias other) {
        kernels.plain("count_load", scope, load_E, other.load_E);
    }

    /// Moves the bias by what was counted.
    ///
    /// @param gamma a float32 scalar
    void move(Kernels kernels, NDManager scope, NDArray gamma) {
        kernels.plain("move_bias", scope, bias_E, load_E, gamma);
    }

    /// Begins the next step.
    void clear(Kernels kernels, NDManager scope) {
        kernels.plain("clear_load", scope, load_E);
    }
}
