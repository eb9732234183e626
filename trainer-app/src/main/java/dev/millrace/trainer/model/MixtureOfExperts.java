package dev.millrace.trainer.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// DeepSeekMoE (arXiv 2401.06066, eq. 9): `x + shared(n) + sum_k w_k expert_k(n)`, every expert a SwiGLU, `n`
/// being the normalised input. A weight is multiplied into the hidden layer of its expert, which is narrower than its
/// result: `w down(h) = down(w h)`.
///
/// No token is dropped. Pairs of token and expert are sorted by expert, so that each expert that was chosen works on
/// one run of rows and the others on nothing; a token's results are summed where they lie, in the order of its choices:
/// the same bits every time. Where they are not few, a run is filled up to a multiple of 32 rows, whose results go
/// nowhere: oneDNN prepares a product anew for each number of rows, which takes as long as a small one itself.
///
/// Shapes: B rows, T positions, N = B*T, M `hidden_size`, E `n_routed_experts`, K `num_experts_per_tok`, S = N*K pairs,
/// R their rows, with those that fill up, F `moe_intermediate_size`.
final class MixtureOfExperts implements BlockPart {
    static final String SCRIPT = """
            def experts(self: __torch__.Kernels, gates: List[Tensor], ups: List[Tensor], downs: List[Tensor], \
            n_NM: Tensor, weights_NK: Tensor, chosen_NK: Tensor, counts_E: Tensor) -> Tensor:
              experts = torch.size(counts_E, 0)
              tokens = torch.size(n_NM, 0)
              per_token = self.experts_per_token
              pairs = torch.mul(tokens, per_token)
              chosen_S = torch.flatten(chosen_NK)
              order_S = torch.argsort(chosen_S, stable=True)
              if torch.ge(pairs, torch.mul(experts, 64)):
                unit = 32
              else:
                unit = 1
              filled_E = torch.add(counts_E, torch.sub(unit, 1))
              rooms_E = torch.mul(torch.floor_divide(filled_E, unit), unit)
              moved_E = torch.sub(torch.sub(torch.cumsum(rooms_E, 0), rooms_E), \
            torch.sub(torch.cumsum(counts_E, 0), counts_E))
              sorted_S = torch.add(torch.cumsum(torch.ones_like(order_S), 0), torch.index_select(moved_E, 0, \
            torch.index_select(chosen_S, 0, order_S)))
              host_E = torch.to(rooms_E, torch.device("cpu"), 4)
              rooms = annotate(List[int], [])
              for e in range(experts):
                _0 = torch.append(rooms, int(torch.select(host_E, 0, e)))
              places_S = torch.sub(sorted_S, 1)
              token_R = torch.index_copy(torch.new_zeros(order_S, [int(torch.sum(host_E))]), 0, places_S, \
            torch.floor_divide(order_S, per_token))
              place_S = torch.index_copy(order_S, 0, order_S, places_S)
              rows_RM = torch.embedding(torch.to(n_NM, self.compute_type), token_R)
              weights_R = torch.index_select(torch.flatten(weights_NK), 0, torch.index_copy(torch.zeros_like(token_R), \
            0, places_S, order_S))
              runs = torch.split_with_sizes(rows_RM, rooms)
              weights = torch.split_with_sizes(torch.unsqueeze(weights_R, 1), rooms)
              done = annotate(List[Tensor], [])
              for e in range(experts):
                if torch.gt(rooms[e], 0):
                  h = torch.mul((self).expert(runs[e], gates[e::experts], ups[e::experts]), weights[e])
                  _1 = torch.append(done, (self).project(h, downs[e::experts]))
                else:
                  pass
              starts_N = torch.mul(torch.sub(torch.cumsum(torch.ones_like(torch.select(chosen_NK, 1, 0)), 0), 1), \
            per_token)
              y_NM, _2, _3, _4 = torch.embedding_bag(torch.cat(done), place_S, starts_N, False, 0, False, None, False)
              return torch.to(y_NM, 6)
            def expert(self: __torch__.Kernels, n: Tensor, gate: List[Tensor], up: List[Tensor]) -> Tensor:
              adapted = torch.gt(torch.add(torch.len(gate), torch.len(up)), 2)
              if torch.__or__(torch.eq(self.compute_type, 6), adapted):
                h = (self).gated(n, gate, up)
              else:
                both_DxM = torch.cat([torch.to(gate[0], self.compute_type), torch.to(up[0], self.compute_type)])
                width = torch.size(gate[0], 0)
                gate_RF, up_RF = torch.split_with_sizes((self).product(n, both_DxM), [width, width], 1)
                h = torch.mul(torch.silu(gate_RF), up_RF)
              return h
            def mixture_with_shared(self: __torch__.Kernels, gates: List[Tensor], ups: List[Tensor], \
            downs: List[Tensor], shared_gate: List[Tensor], shared_up: List[Tensor], shared_down: List[Tensor], \
            x_BTM: Tensor, gain_M: Tensor, router_ExM: Tensor, bias_E: Tensor) -> List[Tensor]:
              n_BTM = (self).rms_norm(x_BTM, gain_M)
              results = (self).mix(gates, ups, downs, x_BTM, n_BTM, router_ExM, bias_E)
              rounded_BTM = torch.to(n_BTM, self.compute_type)
              out_BTM = torch.add(results[0], (self).swiglu(rounded_BTM, shared_gate, shared_up, shared_down))
              return [out_BTM, results[1], results[2]]
            def mixture(self: __torch__.Kernels, gates: List[Tensor], ups: List[Tensor], downs: List[Tensor], \
            x_BTM: Tensor, gain_M: Tensor, router_ExM: Tensor, bias_E: Tensor) -> List[Tensor]:
              n_BTM = (self).rms_norm(x_BTM, gain_M)
              return (self).mix(gates, ups, downs, x_BTM, n_BTM, router_ExM, bias_E)
            def mix(self: __torch__.Kernels, gates: List[Tensor], ups: List[Tensor], downs: List[Tensor], \
            x_BTM: Tensor, n_BTM: Tensor, router_ExM: Tensor, bias_E: Tensor) -> List[Tensor]:
              n_NM = torch.flatten(n_BTM, 0, 1)
              routed = (self).route(n_NM, router_ExM, bias_E)
              counts_E = torch.bincount(torch.flatten(routed[1]), None, torch.size(router_ExM, 0))
              y_NM = (self).experts(gates, ups, downs, n_NM, routed[0], routed[1], counts_E)
              if torch.gt(self.balance_weight, 0.):
                balance = (self).balance(routed[2], routed[1], torch.size(x_BTM, 0))
              else:
                balance = torch.zeros_like(torch.sum(torch.detach(bias_E)))
              return [torch.add(x_BTM, torch.view_as(y_NM, x_BTM)), torch.to(counts_E, 6), balance]
            """;

    private final NDArray gain_M;
    private final Router router;
    private final List<List<NDArray>> modules;
    private final boolean hasShared;
    private final @Nullable RouterBias bias;

    /// @param owner of what is neither given nor returned
    MixtureOfExperts(String prefix, ExpertShape shape, Parameters parameters, NDManager owner) {
        gain_M = parameters.tensor(prefix + "post_attention_layernorm.weight");
        NDArray router_ExM = parameters.tensor(prefix + "mlp.gate.weight");
        if (shape.scoring() == ExpertShape.Scoring.SIGMOID) {
            NDArray bias_E = parameters.tensor(prefix + RouterBias.NAME);
            bias = new RouterBias(bias_E, owner);
            router = new Router(router_ExM, bias_E);
        } else {
            bias = null;
            router = new Router(router_ExM, owner.zeros(new Shape(shape.routed()), DataType.FLOAT32));
        }
        modules = new ArrayList<>();
        for (String module : FeedForward.MODULES) {
            modules.add(Projection.ofExperts(IntStream.range(0, shape.routed())
                    .mapToObj(expert ->
                            parameters.projection(prefix + "mlp.experts." + expert + "." + module + ".weight"))
                    .toList()));
        }
        hasShared = shape.shared() > 0;
        if (hasShared) {
            FeedForward.projections(prefix + "mlp.shared_experts.", parameters)
                    .forEach(projection -> modules.add(projection.tensors()));
        }
    }

    static List<ParameterSpec> parameters(String prefix, ExpertShape shape, ModelConfig config) {
        List<ParameterSpec> specs = new ArrayList<>();
        specs.add(RmsNorm.parameter(prefix + "post_attention_layernorm.weight", config));
        specs.add(ParameterSpec.matrix(prefix + "mlp.gate.weight", shape.routed(), config.hiddenSize()));
        if (shape.scoring() == ExpertShape.Scoring.SIGMOID) {
            specs.add(ParameterSpec.routerBias(prefix + RouterBias.NAME, shape.routed()));
        }
        for (int expert = 0; expert < shape.routed(); expert++) {
            specs.addAll(FeedForward.matrices(
                    prefix + "mlp.experts." + expert + ".", shape.intermediateSize(), config.hiddenSize()));
        }
        if (shape.shared() > 0) {
            specs.addAll(FeedForward.matrices(
                    prefix + "mlp.shared_experts.",
                    Math.multiplyExact(shape.intermediateSize(), shape.shared()),
                    config.hiddenSize()));
        }
        return specs;
    }

    @Override
    public NDArray forward(Pass pass, NDArray x_BTM) {
        NDList results = pass.all(
                hasShared ? "mixture_with_shared" : "mixture",
                modules,
                x_BTM,
                gain_M,
                router.router_ExM(),
                router.bias_E());
        NDArray balance = results.get(2);
        if (pass.gradients()) {
            if (bias != null) {
                bias.count(pass, results.get(1));
            }
            pass.auxiliaryLosses().add(balance);
        }
        return results.get(0);
    }

    Router router() {
        return router;
    }

    NDArray gain_M() {
        return gain_M;
    }

    @Nullable
    RouterBias bias() {
        return bias;
    }
}
