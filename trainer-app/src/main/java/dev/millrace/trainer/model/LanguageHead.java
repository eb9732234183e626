package dev.millrace.trainer.model;

import ai.djl.ndarray.NDArray;

/// The end of the model: the final norm, the projection to the vocabulary, and the cross-entropy in float32.
///
/// Shapes: B rows, T positions, N = B*T, M `hidden_size`, V `vocab_size`.
record LanguageHead(NDArray gain_M, NDArray head_VxM) {
    static final String SCRIPT = """
            def logits(self: __torch__.Kernels, x_BTM: Tensor, gain_M: Tensor, head_VxM: Tensor) -> Tensor:
              return torch.to((self).product((self).rms_norm(x_BTM, gain_M), head_VxM), 6)
            def loss(self: __torch__.Kernels, x_BTM: Tensor, gain_M: Tensor, head_VxM: Tensor, \
            targets_N: Tensor) -> Tensor:
              logits_NV = torch.flatten((self).logits(x_BTM, gain_M, head_VxM), 0, 1)
              device_targets_N = torch.to(targets_N, ops.prim.device(x_BTM), 4)
              return torch.cross_entropy_loss(logits_NV, device_targets_N, None, 2, self.ignored, 0.)
            """;

    NDArray logits(BlockPart.Pass pass, NDArray x_BTM) {
        return pass.run("logits", x_BTM, gain_M, head_VxM);
    }

    /// The loss of a batch.
    ///
    /// @param targets_N integers of the host, row by row
    /// @return the sum over all targets but the ignored ones, in nats, a float32 scalar
    NDArray loss(BlockPart.Pass pass, NDArray x_BTM, NDArray targets_N) {
        return pass.run("loss", x_BTM, gain_M, head_VxM, targets_N);
    }
}
