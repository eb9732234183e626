package dev.millrace.trainer.model;

/// [LatentAttention] of the next positions of one row on top of those before, of which no more is kept than the
/// latent and the turned part of the key, the same for all heads (DeepSeek-V2, arXiv 2405.04434, section 2.1.2).
///
/// Keys and values are never formed: as `q (U_k c) = (U_k' q) c`, the up-projection of keys is applied to the query,
/// and that of values to the mean of the latents. Attention over the cache is then that of H queries to one key. An
/// adapter of the up-projection is applied in the same two places.
///
/// Shapes: N new positions, S seen ones with the new, T those that there is room for, M `hidden_size`, H
/// `num_attention_heads`, C `kv_lora_rank`, P `qk_nope_head_dim`, R `qk_rope_head_dim`, E = C + R, D = P + R, V
/// `v_head_dim`, L the rank of an adapter; `rotation` has R / 2 columns.
final class LatentCache {
    static final String SCRIPT = """
            def latent_onwards(self: __torch__.Kernels, q_HDxM: List[Tensor], kv_a_ExM: List[Tensor], \
            kv_b_HPVxC: List[Tensor], o_MxHV: List[Tensor], x_1NM: Tensor, gain_M: Tensor, gain_C: Tensor, \
            rotation: Tensor, allowed_11NS: Tensor, seen_1TE: Tensor) -> Tensor:
              n_1NM = (self).normalised(x_1NM, gain_M)
              q_1NHD = (self).project(n_1NM, q_HDxM)
              return torch.add(x_1NM, (self).latent_heads_onwards(q_1NHD, n_1NM, kv_a_ExM, gain_C, kv_b_HPVxC, \
            o_MxHV, rotation, allowed_11NS, seen_1TE))
            def latent_onwards_low_rank(self: __torch__.Kernels, q_a_QxM: List[Tensor], q_b_HDxQ: List[Tensor], \
            kv_a_ExM: List[Tensor], kv_b_HPVxC: List[Tensor], o_MxHV: List[Tensor], x_1NM: Tensor, gain_M: Tensor, \
            gain_Q: Tensor, gain_C: Tensor, rotation: Tensor, allowed_11NS: Tensor, seen_1TE: Tensor) -> Tensor:
              n_1NM = (self).normalised(x_1NM, gain_M)
              q_1NHD = (self).project((self).latent_norm((self).project(n_1NM, q_a_QxM), gain_Q), q_b_HDxQ)
              return torch.add(x_1NM, (self).latent_heads_onwards(q_1NHD, n_1NM, kv_a_ExM, gain_C, kv_b_HPVxC, \
            o_MxHV, rotation, allowed_11NS, seen_1TE))
            def latent_heads_onwards(self: __torch__.Kernels, q_1NHD: Tensor, n_1NM: Tensor, kv_a_ExM: List[Tensor], \
            gain_C: Tensor, kv_b_HPVxC: List[Tensor], o_MxHV: List[Tensor], rotation: Tensor, allowed_11NS: Tensor, \
            seen_1TE: Tensor) -> Tensor:
              new = torch.size(n_1NM, 1)
              end = torch.size(allowed_11NS, 3)
              start = torch.sub(end, new)
              latent = torch.size(gain_C, 0)
              heads = self.heads
              plain = self.plain_dim
              turned = torch.mul(torch.size(rotation, 2), 2)
              c_1NE = (self).project(n_1NM, kv_a_ExM)
              c_norm_1NC = (self).latent_norm(torch.narrow(c_1NE, 2, 0, latent), gain_C)
              k_1NR = torch.squeeze((self).turn(torch.unsqueeze(torch.narrow(c_1NE, 2, latent, turned), 1), \
            rotation), 1)
              kept_1NE = torch.cat([torch.to(c_norm_1NC, self.compute_type), k_1NR], 2)
              _0 = torch.copy_(torch.narrow(seen_1TE, 1, start, new), kept_1NE)
              seen_SE = torch.squeeze(torch.narrow(seen_1TE, 1, 0, end), 0)
              q_1HND = torch.transpose(torch.view(q_1NHD, [1, new, heads, -1]), 1, 2)
              q_plain_HNP = torch.squeeze(torch.narrow(q_1HND, 3, 0, plain), 0)
              q_turned_HNR = torch.squeeze((self).turn(torch.narrow(q_1HND, 3, plain, turned), rotation), 0)
              q_HNE = torch.cat([(self).latent_queries(q_plain_HNP, kv_b_HPVxC), q_turned_HNR], 2)
              scores_HNS = torch.mul(torch.to(torch.matmul(q_HNE, torch.t(seen_SE)), 6), self.softmax_scale)
              hidden_1NS = torch.logical_not(torch.squeeze(allowed_11NS, 0))
              shares_HNS = torch.softmax(torch.masked_fill(scores_HNS, hidden_1NS, -1e30), 2)
              mean_HNC = torch.matmul(torch.to(shares_HNS, self.compute_type), torch.narrow(seen_SE, 1, 0, latent))
              y_HNV = (self).latent_values(mean_HNC, kv_b_HPVxC)
              y_1NHV = torch.reshape(torch.transpose(y_HNV, 0, 1), [1, new, -1])
              return (self).project(y_1NHV, o_MxHV)
            def latent_queries(self: __torch__.Kernels, q_HNP: Tensor, kv_b_HPVxC: List[Tensor]) -> Tensor:
              q_HNC = torch.matmul(q_HNP, (self).of_heads(kv_b_HPVxC[0], 0, self.plain_dim))
              if torch.gt(torch.len(kv_b_HPVxC), 1):
                low_HNL = torch.matmul(q_HNP, (self).of_heads(kv_b_HPVxC[2], 0, self.plain_dim))
                added_HNC = torch.matmul(low_HNL, torch.to(kv_b_HPVxC[1], self.compute_type))
                q_HNC = torch.add(q_HNC, added_HNC, alpha=self.adapter_scale)
              else:
                pass
              return q_HNC
            def latent_values(self: __torch__.Kernels, mean_HNC: Tensor, kv_b_HPVxC: List[Tensor]) -> Tensor:
              v_HVC = (self).of_heads(kv_b_HPVxC[0], self.plain_dim, self.value_dim)
              y_HNV = torch.matmul(mean_HNC, torch.transpose(v_HVC, 1, 2))
              if torch.gt(torch.len(kv_b_HPVxC), 1):
                low_HNL = torch.matmul(mean_HNC, torch.t(torch.to(kv_b_HPVxC[1], self.compute_type)))
                b_HVL = (self).of_heads(kv_b_HPVxC[2], self.plain_dim, self.value_dim)
                added_HNV = torch.matmul(low_HNL, torch.transpose(b_HVL, 1, 2))
                y_HNV = torch.add(y_HNV, added_HNV, alpha=self.adapter_scale)
              else:
                pass
              return y_HNV
            def of_heads(self: __torch__.Kernels, rows: Tensor, first: int, count: int) -> Tensor:
              split = torch.view(torch.to(rows, self.compute_type), [self.heads, -1, torch.size(rows, 1)])
              return torch.narrow(split, 1, first, count)
            """;

    private LatentCache() {}
}
