package dev.millrace.trainer.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.List;
import java.util.SequencedMap;
import java.util.stream.Stream;

/// Multi-head latent attention, MLA (DeepSeek-V2, arXiv 2405.04434, eq. 9-19): keys and values of all heads come
/// from one latent vector of low rank, `c`; the part of a key that carries the position is one for all heads.
///
/// Shapes: B rows, T positions, M `hidden_size`, H `num_attention_heads`, C `kv_lora_rank`, Q `q_lora_rank`, P
/// `qk_nope_head_dim`, D = P + `qk_rope_head_dim`, V `v_head_dim`, R half of `qk_rope_head_dim`.
final class LatentAttention implements SelfAttention {
    static final String SCRIPT = """
            def latent_attention(self: __torch__.Kernels, q_HDxM: List[Tensor], kv_a_CRxM: List[Tensor], \
            kv_b_HPVxC: List[Tensor], o_MxHV: List[Tensor], x_BTM: Tensor, gain_M: Tensor, gain_C: Tensor, \
            rotation: Tensor, allowed: Tensor) -> Tensor:
              n_BTM = (self).normalised(x_BTM, gain_M)
              q_BTHD = (self).project(n_BTM, q_HDxM)
              return torch.add(x_BTM, (self).latent_heads(q_BTHD, n_BTM, kv_a_CRxM, gain_C, kv_b_HPVxC, o_MxHV, \
            rotation, allowed))
            def latent_attention_low_rank(self: __torch__.Kernels, q_a_QxM: List[Tensor], q_b_HDxQ: List[Tensor], \
            kv_a_CRxM: List[Tensor], kv_b_HPVxC: List[Tensor], o_MxHV: List[Tensor], x_BTM: Tensor, gain_M: Tensor, \
            gain_Q: Tensor, gain_C: Tensor, rotation: Tensor, allowed: Tensor) -> Tensor:
              n_BTM = (self).normalised(x_BTM, gain_M)
              q_BTHD = (self).project((self).latent_norm((self).project(n_BTM, q_a_QxM), gain_Q), q_b_HDxQ)
              return torch.add(x_BTM, (self).latent_heads(q_BTHD, n_BTM, kv_a_CRxM, gain_C, kv_b_HPVxC, o_MxHV, \
            rotation, allowed))
            def turn(self: __torch__.Kernels, x_BHTD: Tensor, rotation: Tensor) -> Tensor:
              if torch.eq(self.rope_interleaved, 1):
                turned_BHTD = (self).rotate_pairs(x_BHTD, rotation)
              else:
                turned_BHTD = (self).rotate(x_BHTD, rotation)
              return turned_BHTD
            def latent_heads(self: __torch__.Kernels, q_BTHD: Tensor, n_BTM: Tensor, kv_a_CRxM: List[Tensor], \
            gain_C: Tensor, kv_b_HPVxC: List[Tensor], o_MxHV: List[Tensor], rotation: Tensor, \
            allowed: Tensor) -> Tensor:
              rows = torch.size(n_BTM, 0)
              positions = torch.size(n_BTM, 1)
              latent = torch.size(gain_C, 0)
              heads = self.heads
              plain = self.plain_dim
              turned = torch.mul(torch.size(rotation, -1), 2)
              values = self.value_dim
              q_BHTD = torch.transpose(torch.view(q_BTHD, [rows, positions, heads, -1]), 1, 2)
              q_plain_BHTP = torch.narrow(q_BHTD, 3, 0, plain)
              q_turned_BHTR = (self).turn(torch.narrow(q_BHTD, 3, plain, turned), rotation)
              c_BTC = (self).project(n_BTM, kv_a_CRxM)
              k_shared_B1TR = torch.unsqueeze(torch.narrow(c_BTC, 2, latent, turned), 1)
              k_turned_B1TR = (self).turn(k_shared_B1TR, rotation)
              k_turned_BHTR = torch.expand(k_turned_B1TR, [-1, heads, -1, -1])
              c_norm_BTC = (self).latent_norm(torch.narrow(c_BTC, 2, 0, latent), gain_C)
              kv_BTHE = torch.view((self).project(c_norm_BTC, kv_b_HPVxC), [rows, positions, heads, -1])
              kv_BHTE = torch.transpose(kv_BTHE, 1, 2)
              k_plain_BHTP = torch.narrow(kv_BHTE, 3, 0, plain)
              v_BHTV = torch.narrow(kv_BHTE, 3, plain, values)
              query_BHTD = torch.cat([q_plain_BHTP, q_turned_BHTR], 3)
              key_BHTD = torch.cat([k_plain_BHTP, k_turned_BHTR], 3)
              y_BHTV = (self).attend(query_BHTD, key_BHTD, v_BHTV, allowed, self.softmax_scale)
              y_BTHV = torch.reshape(torch.transpose(y_BHTV, 1, 2), [rows, positions, -1])
              return (self).project(y_BTHV, o_MxHV)
            """;

    private final AttentionShape.Latent shape;
    private final boolean lowRankQueries;
    private final List<Projection> projections;
    private final List<NDArray> gains;

    LatentAttention(String prefix, AttentionShape.Latent shape, Parameters parameters) {
        this.shape = shape;
        lowRankQueries = shape.queryRank().isPresent();
        Stream<String> queries = lowRankQueries ? Stream.of("q_a_proj", "q_b_proj") : Stream.of("q_proj");
        projections = Stream.concat(queries, Stream.of("kv_a_proj_with_mqa", "kv_b_proj", "o_proj"))
                .map(module -> parameters.projection(prefix + "self_attn." + module + ".weight"))
                .toList();
        Stream<String> queryNorm = lowRankQueries ? Stream.of("self_attn.q_a_layernorm") : Stream.empty();
        gains = Stream.of(Stream.of("input_layernorm"), queryNorm, Stream.of("self_attn.kv_a_layernorm"))
                .flatMap(norms -> norms)
                .map(norm -> parameters.tensor(prefix + norm + ".weight"))
                .toList();
    }

    static List<ParameterSpec> parameters(String prefix, AttentionShape.Latent shape, ModelConfig config) {
        String attention = prefix + "self_attn.";
        long queries = (long) shape.heads() * shape.headDim();
        long expanded = (long) shape.heads() * (shape.plainDim() + shape.valueDim());
        List<ParameterSpec> specs = new ArrayList<>();
        specs.add(RmsNorm.parameter(prefix + "input_layernorm.weight", config));
        if (shape.queryRank().isPresent()) {
            int rank = shape.queryRank().getAsInt();
            specs.add(ParameterSpec.matrix(attention + "q_a_proj.weight", rank, config.hiddenSize()));
            specs.add(ParameterSpec.gain(attention + "q_a_layernorm.weight", rank));
            specs.add(ParameterSpec.matrix(attention + "q_b_proj.weight", queries, rank));
        } else {
            specs.add(ParameterSpec.matrix(attention + "q_proj.weight", queries, config.hiddenSize()));
        }
        specs.add(ParameterSpec.matrix(
                attention + "kv_a_proj_with_mqa.weight",
                shape.keyValueRank() + shape.rotaryDim(),
                config.hiddenSize()));
        specs.add(ParameterSpec.gain(attention + "kv_a_layernorm.weight", shape.keyValueRank()));
        specs.add(ParameterSpec.matrix(attention + "kv_b_proj.weight", expanded, shape.keyValueRank()));
        specs.add(ParameterSpec.matrix(
                attention + "o_proj.weight", config.hiddenSize(), (long) shape.heads() * shape.valueDim()));
        return specs;
    }

    /// What the functions read as `self.key`. YaRN sharpens the softmax, for V2 as well as for V3.
    static void constants(AttentionShape.Latent shape, ModelConfig config, SequencedMap<String, Number> constants) {
        constants.put("heads", (long) shape.heads());
        constants.put("plain_dim", (long) shape.plainDim());
        constants.put("value_dim", (long) shape.valueDim());
        constants.put("rope_interleaved", shape.interleaved() ? 1L : 0L);
        constants.put("softmax_scale", config.ropeScaling().softmaxFactor() / Math.sqrt(shape.headDim()));
    }

    @Override
    public NDArray forward(Pass pass, NDArray x_BTM) {
        return pass.run(
                lowRankQueries ? "latent_attention_low_rank" : "latent_attention",
                projections,
                inputs(x_BTM, pass.mask().rotation(), pass.mask().allowed()));
    }

    @Override
    public List<NDArray> room(Kernels kernels, NDManager owner, int positions) {
        return List.of(AttentionCache.room(kernels, owner, 1, positions, shape.keyValueRank() + shape.rotaryDim()));
    }

    @Override
    public NDArray extend(Pass pass, NDArray x_1TM, List<NDArray> seen) {
        return pass.run(
                lowRankQueries ? "latent_onwards_low_rank" : "latent_onwards",
                projections,
                inputs(x_1TM, pass.mask().rotation(), pass.mask().allowed(), seen.getFirst()));
    }

    /// The input, the gains, and what comes behind them.
    private NDArray[] inputs(NDArray x_BTM, NDArray... more) {
        return Stream.of(Stream.of(x_BTM), gains.stream(), Stream.of(more))
                .flatMap(tensors -> tensors)
                .toArray(NDArray[]::new);
    }
}
