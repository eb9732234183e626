package dev.millrace.trainer.model;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.List;

/// SwiGLU (Shazeer, 2020, eq. 6): `x + (silu(n gate) * (n up)) down`, `n` being the normalised input.
///
/// Shapes: B rows, T positions, M `hidden_size`, F `intermediate_size`.
final class FeedForward implements BlockPart {
    static final String SCRIPT = """
            def gated(self: __torch__.Kernels, n: Tensor, gate_FxM: List[Tensor], up_FxM: List[Tensor]) -> Tensor:
              return torch.mul(torch.silu((self).project(n, gate_FxM)), (self).project(n, up_FxM))
            def swiglu(self: __torch__.Kernels, n: Tensor, gate_FxM: List[Tensor], up_FxM: List[Tensor], \
            down_MxF: List[Tensor]) -> Tensor:
              return (self).project((self).gated(n, gate_FxM, up_FxM), down_MxF)
            def feed_forward(self: __torch__.Kernels, gate_FxM: List[Tensor], up_FxM: List[Tensor], \
            down_MxF: List[Tensor], x_BTM: Tensor, gain_M: Tensor) -> Tensor:
              n_BTM = (self).normalised(x_BTM, gain_M)
              return torch.add(x_BTM, (self).swiglu(n_BTM, gate_FxM, up_FxM, down_MxF))
            """;

    /// In the order in which the functions take them.
    static final List<String> MODULES = List.of("gate_proj", "up_proj", "down_proj");

    private final NDArray gain_M;
    private final List<Projection> projections;

    FeedForward(String prefix, Parameters parameters) {
        gain_M = parameters.tensor(prefix + "post_attention_layernorm.weight");
        projections = projections(prefix + "mlp.", parameters);
    }

    /// [#MODULES] of one SwiGLU.
    static List<Projection> projections(String prefix, Parameters parameters) {
        return MODULES.stream()
                .map(module -> parameters.projection(prefix + module + ".weight"))
                .toList();
    }

    static List<ParameterSpec> parameters(String prefix, ModelConfig config) {
        List<ParameterSpec> specs = new ArrayList<>();
        specs.add(RmsNorm.parameter(prefix + "post_attention_layernorm.weight", config));
        specs.addAll(matrices(prefix + "mlp.", config.intermediateSize(), config.hiddenSize()));
        return specs;
    }

    /// The three matrices of one SwiGLU.
    static List<ParameterSpec> matrices(String prefix, int intermediateSize, int hiddenSize) {
        return List.of(
                ParameterSpec.matrix(prefix + "gate_proj.weight", intermediateSize, hiddenSize),
                ParameterSpec.matrix(prefix + "up_proj.weight", intermediateSize, hiddenSize),
                ParameterSpec.matrix(prefix + "down_proj.weight", hiddenSize, intermediateSize));
    }

    @Override
    public NDArray forward(Pass pass, NDArray x_BTM) {
        return pass.run("feed_forward", projections, x_BTM, gain_M);
    }
}
