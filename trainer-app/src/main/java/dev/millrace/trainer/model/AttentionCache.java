package dev.millrace.trainer.model;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;

/// [Attention] of the next positions of one row on top of those before, whose turned keys and values are kept.
///
/// Shapes: N new positions, S seen ones with the new, T those that there is room for, M `hidden_size`, D `head_dim`,
/// R = D/2, H `num_attention_heads`, K `num_key_value_heads`.
final class AttentionCache {
    static final String SCRIPT = """
            def attention_onwards(self: __torch__.Kernels, q_HDxM: List[Tensor], k_KDxM: List[Tensor], \
            v_KDxM: List[Tensor], o_MxHD: List[Tensor], x_1NM: Tensor, gain_M: Tensor, rotation_2NR: Tensor, \
            allowed_11NS: Tensor, keys_1KTD: Tensor, values_1KTD: Tensor) -> Tensor:
              new = torch.size(x_1NM, 1)
              end = torch.size(allowed_11NS, 3)
              start = torch.sub(end, new)
              n_1NM = (self).normalised(x_1NM, gain_M)
              heads = [1, new, -1, self.head_dim]
              q_1HND = torch.transpose(torch.view((self).project(n_1NM, q_HDxM), heads), 1, 2)
              k_1KND = torch.transpose(torch.view((self).project(n_1NM, k_KDxM), heads), 1, 2)
              v_1KND = torch.transpose(torch.view((self).project(n_1NM, v_KDxM), heads), 1, 2)
              q_1HND = (self).rotate(q_1HND, rotation_2NR)
              k_1KND = (self).rotate(k_1KND, rotation_2NR)
              _0 = torch.copy_(torch.narrow(keys_1KTD, 2, start, new), k_1KND)
              _1 = torch.copy_(torch.narrow(values_1KTD, 2, start, new), v_1KND)
              k_1KSD = torch.narrow(keys_1KTD, 2, 0, end)
              v_1KSD = torch.narrow(values_1KTD, 2, 0, end)
              y_1HND = (self).attend(q_1HND, k_1KSD, v_1KSD, allowed_11NS, self.softmax_scale)
              y_1NHD = torch.reshape(torch.transpose(y_1HND, 1, 2), [1, new, -1])
              return torch.add(x_1NM, (self).project(y_1NHD, o_MxHD))
            """;

    /// What latent attention needs as well.
    static final String ROOM_SCRIPT = """
            def room(self: __torch__.Kernels, sizes: Tensor, like: Tensor) -> Tensor:
              shape = annotate(List[int], [])
              for i in range(torch.len(sizes)):
                _0 = torch.append(shape, int(torch.select(sizes, 0, i)))
              return torch.zeros(shape, dtype=self.compute_type, device=ops.prim.device(like))
            """;

    private AttentionCache() {}

    /// Room in the type of the products.
    ///
    /// @param owner of the result; it is on its device
    static NDArray room(Kernels kernels, NDManager owner, long... sizes) {
        try (NDManager host = owner.newSubManager(Device.cpu())) {
            return kernels.plain("room", owner, host.create(sizes), owner.create(0f));
        }
    }
}
