package dev.millrace.trainer.model;

import ai.djl.ndarray.NDArray;

/// The end of the model: the final norm, the projection to the vocabulary, and the cross-entropy in float32.
///
/// Scores for a vocabulary are the largest tensors there are. A loss has them for 1024 places at a time, and where it
/// is trained for, the gradients of these places, `g_n` of the normalised state and `g_W` of the projection, are taken
/// before the next (as in Liger Kernel, arXiv 2410.10989, section 3.3): what autograd keeps is these two, by
/// `loss + (sum(n g_n) + sum(W g_W)) - (the same number)`, whose value is the loss and whose gradients are they.
///
/// Shapes: B rows, T positions, N = B*T, R places of a block, M `hidden_size`, V `vocab_size`.
record LanguageHead(NDArray gain_M, NDArray head_VxM) {
    static final String SCRIPT = """
            def logits(self: __torch__.Kernels, x_BTM: Tensor, gain_M: Tensor, head_VxM: Tensor) -> Tensor:
              return torch.to((self).product((self).rms_norm(x_BTM, gain_M), head_VxM), 6)
            def loss(self: __torch__.Kernels, x_BTM: Tensor, gain_M: Tensor, head_VxM: Tensor, \
            targets_N: Tensor) -> Tensor:
              n_NM = torch.flatten((self).rms_norm(x_BTM, gain_M), 0, 1)
              blocks_RM = torch.split(n_NM, 1024)
              blocks_R = torch.split(torch.to(targets_N, ops.prim.device(x_BTM), 4), 1024)
              learned = ops.prim.requires_grad(n_NM)
              head_learned = torch.__and__(learned, ops.prim.requires_grad(head_VxM))
              leaf_VxM = torch.requires_grad_(torch.to(torch.detach(head_VxM), self.compute_type), head_learned)
              loss = torch.zeros([], dtype=6, device=ops.prim.device(x_BTM))
              if head_learned:
                g_VxM = torch.zeros_like(torch.detach(head_VxM))
              else:
                g_VxM = loss
              g_RM = annotate(List[Tensor], [])
              for i in range(torch.len(blocks_R)):
                leaf_RM = torch.requires_grad_(torch.detach(blocks_RM[i]), learned)
                logits_RV = torch.to((self).product(leaf_RM, leaf_VxM), 6)
                part = torch.cross_entropy_loss(logits_RV, blocks_R[i], None, 2, self.ignored, 0.)
                if learned:
                  leaves = [leaf_RM]
                  if head_learned:
                    _0 = torch.append(leaves, leaf_VxM)
                  else:
                    pass
                  found = torch.grad([part], leaves, None, None, False, False)
                  _1 = torch.append(g_RM, unchecked_cast(Tensor, found[0]))
                  if head_learned:
                    _2 = torch.add_(g_VxM, unchecked_cast(Tensor, found[1]))
                  else:
                    pass
                else:
                  pass
                _3 = torch.add_(loss, torch.detach(part))
              if learned:
                pulled = torch.sum(torch.mul(n_NM, torch.cat(g_RM)))
                if head_learned:
                  pulled_both = torch.add(pulled, torch.sum(torch.mul(head_VxM, g_VxM)))
                else:
                  pulled_both = pulled
                loss_and_gradient = torch.add(loss, torch.sub(pulled_both, torch.detach(pulled_both)))
              else:
                loss_and_gradient = loss
              return loss_and_gradient
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
