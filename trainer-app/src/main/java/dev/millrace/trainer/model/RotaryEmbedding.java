package dev.millrace.trainer.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;

/// Rotary position embedding (Su et al., 2021): channel `i` of a head is rotated together with channel `i + R`, `R`
/// being half the channels that are turned, by the angle `position * frequency[i]`, see [RopeScaling].
///
/// That is the rotate-halves convention of Hugging Face's Llama. Where a pair lies side by side in the weights
/// (DeepSeek-V2; V3 with `rope_interleave`), `rotate_pairs` first brings its channels half apart: for queries and
/// keys alike, so that their products do not change.
final class RotaryEmbedding {
    static final String SCRIPT = """
            def rotate(self: __torch__.Kernels, x_BHTD: Tensor, rotation: Tensor) -> Tensor:
              half = torch.floordiv(torch.size(x_BHTD, 3), 2)
              cos_TR = torch.select(rotation, 0, 0)
              sin_TR = torch.select(rotation, 0, 1)
              wide_BHTD = torch.to(x_BHTD, 6)
              a_BHTR = torch.narrow(wide_BHTD, 3, 0, half)
              b_BHTR = torch.narrow(wide_BHTD, 3, half, half)
              first_BHTR = torch.addcmul(torch.mul(a_BHTR, cos_TR), b_BHTR, sin_TR, value=-1)
              second_BHTR = torch.addcmul(torch.mul(b_BHTR, cos_TR), a_BHTR, sin_TR)
              return torch.to(torch.cat([first_BHTR, second_BHTR], 3), self.compute_type)
            def rotate_pairs(self: __torch__.Kernels, x_BHTD: Tensor, rotation: Tensor) -> Tensor:
              sizes = torch.size(x_BHTD)
              pairs_BHTR2 = torch.view(x_BHTD, [sizes[0], sizes[1], sizes[2], -1, 2])
              halves_BHTD = torch.flatten(torch.transpose(pairs_BHTR2, 3, 4), 3)
              return (self).rotate(halves_BHTD, rotation)
            """;

    private final float[] frequencies_R;
    private final double factor;

    RotaryEmbedding(ModelConfig config) {
        frequencies_R = config.ropeScaling()
                .frequencies(config.ropeTheta(), config.attention().rotaryDim());
        factor = config.ropeScaling().attentionFactor();
    }

    /// What `rotate` multiplies with.
    ///
    /// @return cosines and sines, shape `[2, positions, half]`, for positions from 0 on
    NDArray table(NDManager owner, int positions) {
        int half = frequencies_R.length;
        float[] table = new float[Math.multiplyExact(2 * half, positions)];
        int sines = positions * half;
        for (int position = 0; position < positions; position++) {
            for (int i = 0; i < half; i++) {
                float angle = position * frequencies_R[i];
                table[position * half + i] = (float) (Math.cos(angle) * factor);
                table[sines + position * half + i] = (float) (Math.sin(angle) * factor);
            }
        }
        return owner.create(table, new Shape(2, positions, half));
    }
}
