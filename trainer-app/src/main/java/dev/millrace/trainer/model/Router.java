package dev.millrace.trainer.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import java.util.SequencedMap;

/// Chooses the experts of each token and their weights, in float32.
///
/// V2 (arXiv 2405.04434, eq. 21-22 and section 2.2.2): softmax scores; a group is as good as its best expert. V3
/// (arXiv 2412.19437, eq. 12-16): sigmoid scores; the choice is made by score plus bias, a group is as good as its
/// two best; the weights come from the scores without bias, normalised over the chosen. Both are scaled by
/// `routed_scaling_factor`.
///
/// The balance loss is that of each sequence (V3, eq. 17-20): `sum_i f_i P_i`, where `f_i` is the share of tokens
/// that chose expert i, times E / K, and `P_i` its mean normalised score.
///
/// Shapes: N tokens, M `hidden_size`, E `n_routed_experts`, K `num_experts_per_tok`, G `n_group`.
record Router(NDArray router_ExM, NDArray bias_E) {
    static final String SCRIPT = """
            def route(self: __torch__.Kernels, n_NM: Tensor, router_ExM: Tensor, bias_E: Tensor) -> List[Tensor]:
              logits_NE = torch.linear(torch.to(n_NM, 6), router_ExM)
              if torch.eq(self.router_sigmoid, 1):
                scores_NE = torch.sigmoid(logits_NE)
              else:
                scores_NE = torch.softmax(logits_NE, 1, 6)
              chosen_NK = (self).choose(torch.add(torch.detach(scores_NE), bias_E))
              weights_NK = torch.gather(scores_NE, 1, chosen_NK)
              if torch.eq(self.router_normalized, 1):
                sums_N1 = torch.add(torch.sum(weights_NK, [1], True), 1e-20)
                shares_NK = torch.div(weights_NK, sums_N1)
              else:
                shares_NK = weights_NK
              return [torch.mul(shares_NK, self.router_scale), chosen_NK, scores_NE, logits_NE]
            def choose(self: __torch__.Kernels, scores_NE: Tensor) -> Tensor:
              if torch.gt(self.router_groups, 1):
                tokens = torch.size(scores_NE, 0)
                grouped = torch.view(scores_NE, [tokens, self.router_groups, -1])
                if torch.eq(self.router_sigmoid, 1):
                  best_two, _0 = torch.topk(grouped, 2, 2)
                  groups_NG = torch.sum(best_two, [2])
                else:
                  groups_NG = torch.amax(grouped, [2])
                _1, allowed = torch.topk(groups_NG, self.router_groups_per_token, 1)
                closed_NG = torch.scatter(torch.ones_like(groups_NG), 1, allowed, 0.)
                closed = torch.unsqueeze(torch.gt(closed_NG, 0), 2)
                open_NE = torch.view(torch.masked_fill(grouped, closed, -1e30), [tokens, -1])
              else:
                open_NE = scores_NE
              _2, chosen_NK = torch.topk(open_NE, self.experts_per_token, 1)
              return chosen_NK
            def balance(self: __torch__.Kernels, scores_NE: Tensor, chosen_NK: Tensor, rows: int) -> Tensor:
              experts = torch.size(scores_NE, 1)
              sums_N1 = torch.add(torch.sum(scores_NE, [1], True), 1e-20)
              shares_BTE = torch.view(torch.div(scores_NE, sums_N1), [rows, -1, experts])
              if torch.eq(self.router_sigmoid, 1):
                _0, counted_NK = torch.topk(torch.detach(scores_NE), self.experts_per_token, 1)
              else:
                counted_NK = chosen_NK
              hits_NE = torch.scatter(torch.zeros_like(torch.detach(scores_NE)), 1, counted_NK, 1.)
              positions = torch.size(shares_BTE, 1)
              used_BE = torch.sum(torch.view(hits_NE, [rows, -1, experts]), [1])
              sum = torch.sum(torch.mul(used_BE, torch.mean(shares_BTE, [1])))
              return torch.mul(sum, torch.div(torch.mul(self.balance_weight, experts), self.experts_per_token))
            """;

    static void constants(ExpertShape shape, double balanceWeight, SequencedMap<String, Number> constants) {
        constants.put("router_sigmoid", shape.scoring() == ExpertShape.Scoring.SIGMOID ? 1L : 0L);
        constants.put("router_normalized", shape.normalized() ? 1L : 0L);
        constants.put("router_scale", shape.scale());
        constants.put("router_groups", (long) shape.groups());
        constants.put("router_groups_per_token", (long) shape.groupsPerToken());
        constants.put("experts_per_token", (long) shape.perToken());
        constants.put("balance_weight", balanceWeight);
    }

    /// What the router says of some tokens, for reading.
    ///
    /// @return weights `[N, K]`, expert ids `[N, K]`, scores `[N, E]`, logits `[N, E]`, in the scope of the pass
    NDList route(BlockPart.Pass pass, NDArray n_NM) {
        return pass.kernels().all("route", pass.scope(), false, new NDList(n_NM, router_ExM, bias_E));
    }
}
