package dev.millrace.trainer.model;

import ai.djl.Device;

/// Matrix products in the type that the model computes in. In bfloat16, weights and inputs are rounded to it for the
/// product only: masters and their gradients stay float32 (Micikevicius et al., 2018), and so do norms, router,
/// softmax, residual stream and loss.
///
/// A CPU multiplies float32 as a convolution with kernels of one point, which is the same sum: libtorch gives
/// convolutions to oneDNN, with all of the CPU's vector units, and `linear` to MKL, which on an AMD CPU leaves half of
/// them unused. Small inputs libtorch would not hand over, and they stay with `linear`.
///
/// Shapes: N rows, I inputs, O outputs.
public final class Products {
    private static final String LINEAR = """
            def product(self: __torch__.Kernels, x: Tensor, weight: Tensor) -> Tensor:
              return torch.linear(torch.to(x, self.compute_type), torch.to(weight, self.compute_type))
            """;

    private static final String CONVOLUTION = """
            def product(self: __torch__.Kernels, x: Tensor, weight_OxI: Tensor) -> Tensor:
              if torch.gt(torch.numel(x), 20480):
                outputs, inputs = torch.size(weight_OxI)
                x_1IN1 = torch.permute(torch.reshape(x, [1, -1, 1, inputs]), [0, 3, 1, 2])
                kernels_OI11 = torch.view(weight_OxI, [outputs, inputs, 1, 1])
                y_1ON1 = torch.conv2d(x_1IN1, kernels_OI11, None, [1, 1], [0, 0], [1, 1], 1)
                y_NxO = torch.reshape(torch.permute(y_1ON1, [0, 2, 3, 1]), [-1, outputs])
                y = torch.reshape(y_NxO, torch.add(torch.slice(torch.size(x), 0, -1, 1), [outputs]))
              else:
                y = torch.linear(x, weight_OxI)
              return y
            """;

    private Products() {}

    /// The function `product(x, weight)`, which reads `self.compute_type`.
    public static String script(Precision precision, Device device) {
        return precision == Precision.FP32 && !device.isGpu() ? CONVOLUTION : LINEAR;
    }
}
