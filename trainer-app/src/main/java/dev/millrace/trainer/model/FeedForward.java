package dev.millrace.trainer.model;

import ai.djl.ndarray.NDArray;
import java.util.List;
import java.util.Map;

/// SwiGLU (Shazeer, 2020, eq. 6): `x + (silu(n gate) * (n up)) down`, `n` being the normalised input.
///
/// Shapes: B rows, T positions, M `hidden_size`, F `intermediate_size`.
final class FeedForward implements BlockPart {
    static final String SCRIPT = """
            def feed_forward(self: __torch__.Kernels, x_BTM: Tensor, gain_M: Tensor, gate_FxM: Tensor, \
            up_FxM: Tensor, down_MxF: Tensor) -> Tensor:
              n_BTM = (self).rms_norm(x_BTM, gain_M)
              h_BTF = torch.mul(torch.silu(torch.linear(n_BTM, gate_FxM)), torch.linear(n_BTM, up_FxM))
              return torch.add(x_BTM, torch.linear(h_BTF, down_MxF))
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
        return List.of(
                RmsNorm.parameter(prefix + "post_attention_layernorm.weight", config),
                ParameterSpec.matrix(prefix + "mlp.gate_proj.weight", config.intermediateSize(), config.hiddenSize()),
                ParameterSpec.matrix(prefix + "mlp.up_proj.weight", config.intermediateSize(), config.hiddenSize()),
                ParameterSpec.matrix(prefix + "mlp.down_proj.weight", config.hiddenSize(), config.intermediateSize()));
    }

    @Override
    public NDArray forward(Pass pass, NDArray x_BTM) {
        return pass.run("feed_forward", x_BTM, gain_M, gate_FxM, up_FxM, down_MxF);
    }
}
