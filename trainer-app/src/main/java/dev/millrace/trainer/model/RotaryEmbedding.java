package dev.millrace.trainer.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;

/// Rotary position embedding (Su et al., 2021) in the rotate-halves convention of Hugging Face's Llama: channel `i`
/// of a head is rotated together with channel `i + R`, `R` being half the head, by the angle `position /
/// rope_theta^(i / R)`, divided by `rope_scaling.factor` where scaling is linear (DeepSeek Coder).
///
/// Angles are formed in float32, as the reference does: that is what published weights were trained with.
final class RotaryEmbedding {
    static final String SCRIPT = """
            def rotate(self: __torch__.Kernels, x_BHTD: Tensor, rotation_2TR: Tensor) -> Tensor:
              half = torch.floordiv(torch.size(x_BHTD, 3), 2)
              cos_TR = torch.select(rotation_2TR, 0, 0)
              sin_TR = torch.select(rotation_2TR, 0, 1)
              a_BHTR = torch.narrow(x_BHTD, 3, 0, half)
              b_BHTR = torch.narrow(x_BHTD, 3, half, half)
              first_BHTR = torch.sub(torch.mul(a_BHTR, cos_TR), torch.mul(b_BHTR, sin_TR))
              second_BHTR = torch.add(torch.mul(b_BHTR, cos_TR), torch.mul(a_BHTR, sin_TR))
              return torch.cat([first_BHTR, second_BHTR], 3)
            """;

    private final int half;
    private final float[] frequencies_R;

    RotaryEmbedding(ModelConfig config) {
        half = config.headDim() / 2;
        frequencies_R = new float[half];
        for (int i = 0; i < half; i++) {
            float power = (float) Math.pow(config.ropeTheta(), (float) (2 * i) / config.headDim());
            frequencies_R[i] = 1f / power / (float) config.ropeScaling().factor();
        }
    }

    /// What `rotate` multiplies with.
    ///
    /// @return cosines and sines, shape `[2, positions, half]`, for positions from 0 on
    NDArray table(NDManager owner, int positions) {
        float[] table = new float[Math.multiplyExact(2 * half, positions)];
        int sines = positions * half;
        for (int position = 0; position < positions; position++) {
            for (int i = 0; i < half; i++) {
                float angle = position * frequencies_R[i];
                table[position * half + i] = (float) Math.cos(angle);
                table[sines + position * half + i] = (float) Math.sin(angle);
            }
        }
        return owner.create(table, new Shape(2, positions, half));
    }
}
