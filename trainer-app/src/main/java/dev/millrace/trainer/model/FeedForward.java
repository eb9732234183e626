package dev.millrace.trainer.model;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// SwiGLU (Shazeer, 2020, eq. 6): `x + (silu(n gate) * (n up)) down`, `n` being the normalised input.
///
/// Shapes: B rows, T positions, M `hidden_size`, F `intermediate_size`.
final class FeedForward implements BlockPart {
    static final String SCRIPT = """
            def gated(self: __torch__.Kernels, n: Tensor, gate_FxM: Tensor, up_FxM: Tensor) -> Tensor:
              return torch.mul(torch.silu((self).product(n, gate_FxM)), (self).product(n, up_FxM))
            def swiglu(self: __torch__.Kernels, n: Tensor, gate_FxM: Tensor, up_FxM: Tensor, \
            down_MxF: Tensor) -> Tensor:
              return (self).product((self).gated(n, gate_FxM, up_FxM), down_MxF)
            def feed_forward(self: __torch__.Kernels, x_BTM: Tensor, gain_M: Tensor, gate_FxM: Tensor, \
            up_FxM: Tensor, down_MxF: Tensor) -> Tensor:
              n_BTM = (self).normalised(x_BTM, gain_M)
              return torch.add(x_BTM, (self).swiglu(n_BTM, gate_FxM, up_FxM, down_MxF))
            """;

    private final NDArray gain_M;
    private final NDArray gate_FxM;
    private final NDArray up_FxM;
    private final NDArray down_MxF;

    FeedForward(String prefix, Map<String, NDArray> parameters) {
        gain_M = Parameters.require(parameters, prefix + "post_attention_layernorm.weight");
        gate_FxM = Parameters.require(parameters, prefix + "mlp.gate_proj.weight");
        up_FxM = Parameters.require(parameters, prefix + "mlp.up_proj.weight");
        down_MxF = Parameters.require(parameters, prefix + "mlp.down_proj.weight");
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
        return pass.run("feed_forward", x_BTM, gain_M, gate_FxM, up_FxM, down_MxF);
    }
}
