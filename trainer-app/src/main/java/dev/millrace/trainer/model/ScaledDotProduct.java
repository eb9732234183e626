package dev.millrace.trainer.model;

import ai.djl.Device;

/// What attention is of all heads at once: `softmax(q k^T scale) v`, a position seeing those before it or those that a
/// mask allows.
///
/// A GPU has libtorch's flash attention (Dao et al., 2022, arXiv 2205.14135). On a CPU that is made of many small
/// products in MKL, and for rows that are not long, causal attention is faster as a few large ones: 128 positions at a
/// time against all up to the last of them, so that no more than a strip beside the diagonal is computed in vain. The
/// shares of attention are then kept for the way back, `B H T T / 2` numbers a layer; longer rows, where those would be
/// most of the memory, stay with flash attention.
///
/// Shapes: B rows, T positions, H query heads, K key and value heads, G = H/K, P = B*K, D channels of queries and keys,
/// V of values, N positions of a block, E those up to its last.
final class ScaledDotProduct {
    private static final String FUSED = """
            def flash(self: __torch__.Kernels, q_BHTD: Tensor, k_BKTD: Tensor, v_BKTV: Tensor, \
            mask: Optional[Tensor], scale: float, causal: bool) -> Tensor:
              values = torch.size(v_BKTV, 3)
              missing = torch.sub(torch.size(k_BKTD, 3), values)
              if torch.gt(missing, 0):
                v_BKTD = torch.constant_pad_nd(v_BKTV, [0, missing], 0)
              else:
                v_BKTD = v_BKTV
              grouped = torch.ne(torch.size(q_BHTD, 1), torch.size(k_BKTD, 1))
              y_BHTD = torch.scaled_dot_product_attention(q_BHTD, k_BKTD, v_BKTD, mask, 0., causal, \
            scale=scale, enable_gqa=grouped)
              return torch.narrow(y_BHTD, 3, 0, values)
            """;

    private static final String ALWAYS_FUSED = """
            def attend(self: __torch__.Kernels, q_BHTD: Tensor, k_BKTD: Tensor, v_BKTV: Tensor, allowed: Tensor, \
            scale: float) -> Tensor:
              if torch.gt(torch.dim(allowed), 1):
                y_BHTV = (self).flash(q_BHTD, k_BKTD, v_BKTV, allowed, scale, False)
              else:
                y_BHTV = (self).flash(q_BHTD, k_BKTD, v_BKTV, None, scale, True)
              return y_BHTV
            """;

    private static final String BLOCKS = """
            def attend(self: __torch__.Kernels, q_BHTD: Tensor, k_BKTD: Tensor, v_BKTV: Tensor, allowed: Tensor, \
            scale: float) -> Tensor:
              if torch.gt(torch.dim(allowed), 1):
                y_BHTV = (self).flash(q_BHTD, k_BKTD, v_BKTV, allowed, scale, False)
              else:
                if torch.gt(torch.size(q_BHTD, 2), 1024):
                  y_BHTV = (self).flash(q_BHTD, k_BKTD, v_BKTV, None, scale, True)
                else:
                  y_BHTV = (self).in_blocks(q_BHTD, k_BKTD, v_BKTV, scale)
              return y_BHTV
            def in_blocks(self: __torch__.Kernels, q_BHTD: Tensor, k_BKTD: Tensor, v_BKTV: Tensor, \
            scale: float) -> Tensor:
              rows, heads, positions, channels = torch.size(q_BHTD)
              pairs = torch.mul(rows, torch.size(k_BKTD, 1))
              q_PGTD = torch.reshape(torch.mul(q_BHTD, scale), [pairs, -1, positions, channels])
              k_PDT = torch.transpose(torch.reshape(k_BKTD, [pairs, positions, channels]), 1, 2)
              v_PTV = torch.reshape(v_BKTV, [pairs, positions, -1])
              later_NN = torch.triu(torch.ones([128, 128], dtype=11, device=ops.prim.device(q_BHTD)), 1)
              done = annotate(List[Tensor], [])
              for block in range(torch.floordiv(torch.add(positions, 127), 128)):
                start = torch.mul(block, 128)
                end = ops.prim.min(torch.add(start, 128), positions)
                size = torch.sub(end, start)
                q_block = torch.reshape(torch.narrow(q_PGTD, 2, start, size), [pairs, -1, channels])
                scores = torch.bmm(q_block, torch.narrow(k_PDT, 2, 0, end))
                last_PGNN = torch.view(torch.narrow(torch.detach(scores), 2, start, size), [pairs, -1, size, size])
                later = torch.narrow(torch.narrow(later_NN, 0, 0, size), 1, 0, size)
                _0 = torch.masked_fill_(last_PGNN, later, -1e30)
                y_block = torch.bmm(torch.softmax(scores, 2), torch.narrow(v_PTV, 1, 0, end))
                _1 = torch.append(done, torch.view(y_block, [pairs, -1, size, torch.size(v_PTV, 2)]))
              return torch.view(torch.cat(done, 2), [rows, heads, positions, -1])
            """;

    private ScaledDotProduct() {}

    /// The function `attend(q_BHTD, k_BKTD, v_BKTV, allowed, scale)`, `[B, H, T, V]`; `allowed` as in [DocumentMask].
    static String script(Device device) {
        return FUSED + (device.isGpu() ? ALWAYS_FUSED : BLOCKS);
    }
}
