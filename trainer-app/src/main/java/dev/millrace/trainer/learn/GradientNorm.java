package dev.millrace.trainer.learn;

/// Clipping of long gradients, as PyTorch's `clip_grad_norm_` does: by `min(1, max / (norm + 1e-6))`, the norm
/// being the L2 norm over all parameters together.
record GradientNorm(double max) {
    static final String SCRIPT = """
            def gradient_norm(self: __torch__.Kernels, parameters: List[Tensor], loss: Tensor) -> Tensor:
              gradients = annotate(List[Tensor], [])
              for i in range(torch.len(parameters)):
                _0 = torch.append(gradients, ops.prim.grad(parameters[i]))
              norm = torch.linalg_vector_norm(torch.stack(torch._foreach_norm(gradients, 2)), 2)
              return torch.stack([torch.squeeze(loss), norm])
            """;

    double coefficient(double norm) {
        return Math.min(1, max / (norm + 1e-6));
    }
}
