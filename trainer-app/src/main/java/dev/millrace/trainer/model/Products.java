package dev.millrace.trainer.model;

/// Matrix products in the type that the model computes in. In bfloat16, weights and inputs are rounded to it for the
/// product only: masters and their gradients stay float32 (Micikevicius et al., 2018), and so do norms, router,
/// softmax, residual stream and loss.
final class Products {
    static final String SCRIPT = """
            def product(self: __torch__.Kernels, x: Tensor, weight: Tensor) -> Tensor:
              return torch.linear(torch.to(x, self.compute_type), torch.to(weight, self.compute_type))
            """;

    private Products() {}
}
