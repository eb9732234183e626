package dev.millrace.trainer.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.List;
import java.util.SequencedMap;
import java.util.stream.Stream;

/// Causal self-attention (Vaswani et al., 2017, eq. 1) with as many key and value heads as query heads (MHA), or
/// fewer, each serving a group of query heads (GQA; Ainslie et al., 2023): `x + softmax(q k^T / sqrt(D)) v o`.
///
/// Shapes: B rows, T positions, M `hidden_size`, D `head_dim`, R = D/2, H `num_attention_heads`, K
/// `num_key_value_heads`.
final class Attention implements SelfAttention {
    static final String SCRIPT = """
            def attention(self: __torch__.Kernels, q_HDxM: List[Tensor], k_KDxM: List[Tensor], v_KDxM: List[Tensor], \
            o_MxHD: List[Tensor], x_BTM: Tensor, gain_M: Tensor, rotation: Tensor, allowed: Tensor) -> Tensor:
              rows = torch.size(x_BTM, 0)
              positions = torch.size(x_BTM, 1)
              n_BTM = (self).normalised(x_BTM, gain_M)
              heads = [rows, positions, -1, self.head_dim]
              q_BHTD = torch.transpose(torch.view((self).project(n_BTM, q_HDxM), heads), 1, 2)
              k_BKTD = torch.transpose(torch.view((self).project(n_BTM, k_KDxM), heads), 1, 2)
              v_BKTD = torch.transpose(torch.view((self).project(n_BTM, v_KDxM), heads), 1, 2)
              q_BHTD = (self).rotate(q_BHTD, rotation)
              k_BKTD = (self).rotate(k_BKTD, rotation)
              y_BHTD = (self).attend(q_BHTD, k_BKTD, v_BKTD, allowed, self.softmax_scale)
              y_BTHD = torch.reshape(torch.transpose(y_BHTD, 1, 2), [rows, positions, -1])
              return torch.add(x_BTM, (self).project(y_BTHD, o_MxHD))
            """;

    private final AttentionShape.Grouped shape;
    private final NDArray gain_M;
    private final List<Projection> projections;

    Attention(String prefix, AttentionShape.Grouped shape, Parameters parameters) {
        this.shape = shape;
        gain_M = parameters.tensor(prefix + "input_layernorm.weight");
        projections = Stream.of("q_proj", "k_proj", "v_proj", "o_proj")
                .map(module -> parameters.projection(prefix + "self_attn." + module + ".weight"))
                .toList();
    }

    static List<ParameterSpec> parameters(String prefix, AttentionShape.Grouped shape, ModelConfig config) {
        long queries = (long) shape.heads() * shape.headDim();
        long keys = (long) shape.keyValueHeads() * shape.headDim();
        return List.of(
                RmsNorm.parameter(prefix + "input_layernorm.weight", config),
                ParameterSpec.matrix(prefix + "self_attn.q_proj.weight", queries, config.hiddenSize()),
                ParameterSpec.matrix(prefix + "self_attn.k_proj.weight", keys, config.hiddenSize()),
                ParameterSpec.matrix(prefix + "self_attn.v_proj.weight", keys, config.hiddenSize()),
                ParameterSpec.matrix(prefix + "self_attn.o_proj.weight", config.hiddenSize(), queries));
    }

    /// What the functions read as `self.key`.
    static void constants(AttentionShape.Grouped shape, SequencedMap<String, Number> constants) {
        constants.put("head_dim", (long) shape.headDim());
        constants.put("softmax_scale", 1 / Math.sqrt(shape.headDim()));
    }

    @Override
    public NDArray forward(Pass pass, NDArray x_BTM) {
        return pass.run(
                "attention",
                projections,
                x_BTM,
                gain_M,
                pass.mask().rotation(),
                pass.mask().allowed());
    }

    @Override
    public List<NDArray> room(Kernels kernels, NDManager owner, int positions) {
        long[] sizes = {1, shape.keyValueHeads(), positions, shape.headDim()};
        return List.of(AttentionCache.room(kernels, owner, sizes), AttentionCache.room(kernels, owner, sizes));
    }

    @Override
    public NDArray extend(Pass pass, NDArray x_1TM, List<NDArray> seen) {
        return pass.run(
                "attention_onwards",
                projections,
                x_1TM,
                gain_M,
                pass.mask().rotation(),
                pass.mask().allowed(),
                seen.get(0),
                seen.get(1));
    }
}
