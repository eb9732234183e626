package dev.millrace.trainer.model;

/// Root mean square norm (Zhang and Sennrich, 2019): `x / sqrt(mean(x^2) + eps) * gain`, `eps` being
/// `rms_norm_eps`.
///
/// The latents of MLA are normalised with eps 1e-6, whatever `rms_norm_eps` says.
///
/// Has no crossing of its own: the functions below are called inside those of the parts that normalise their
/// input. What goes into several products is rounded to their type once, by `normalised`.
final class RmsNorm {
    static final String SCRIPT = """
            def rms_norm(self: __torch__.Kernels, x: Tensor, gain_M: Tensor) -> Tensor:
              return torch.rms_norm(x, [torch.size(gain_M, 0)], gain_M, self.eps)
            def normalised(self: __torch__.Kernels, x: Tensor, gain_M: Tensor) -> Tensor:
              return torch.to((self).rms_norm(x, gain_M), self.compute_type)
            def latent_norm(self: __torch__.Kernels, x: Tensor, gain_C: Tensor) -> Tensor:
              return torch.rms_norm(torch.to(x, 6), [torch.size(gain_C, 0)], gain_C, 1e-06)
            """;

    private RmsNorm() {}

    static ParameterSpec parameter(String name, ModelConfig config) {
        return ParameterSpec.gain(name, config.hiddenSize());
    }
}
