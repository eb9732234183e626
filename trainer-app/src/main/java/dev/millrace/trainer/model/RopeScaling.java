package dev.millrace.trainer.model;

import java.util.OptionalDouble;

/// How rotary positions are stretched beyond the length that the base frequency was chosen for: `rope_scaling`.
///
/// Frequencies are formed in float32, as the reference does: that is what published weights were trained with.
public sealed interface RopeScaling {
    /// The angle by which each pair of channels turns from one position to the next.
    ///
    /// @param theta `rope_theta`
    /// @param dim channels that are turned; the result has half as many elements
    float[] frequencies(double theta, int dim);

    /// What cosines and sines are multiplied with.
    default double attentionFactor() {
        return 1;
    }

    /// What the scale of the softmax, `1 / sqrt(head size)`, is multiplied with in latent attention.
    default double softmaxFactor() {
        return 1;
    }

    /// `rope_scaling` null or of type `default`.
    record None() implements RopeScaling {
        @Override
        public float[] frequencies(double theta, int dim) {
            float[] frequencies = new float[dim / 2];
            for (int i = 0; i < frequencies.length; i++) {
                frequencies[i] = 1f / power(theta, i, dim);
            }
            return frequencies;
        }
    }

    /// Type `linear`: position interpolation (Chen et al., 2023), as in DeepSeek Coder.
    record Linear(double factor) implements RopeScaling {
        public Linear {
            atLeastOne("factor", factor);
        }

        @Override
        public float[] frequencies(double theta, int dim) {
            float[] frequencies = new None().frequencies(theta, dim);
            for (int i = 0; i < frequencies.length; i++) {
                frequencies[i] /= (float) factor;
            }
            return frequencies;
        }
    }

    /// Type `yarn` (Peng et al., 2023): slow pairs are interpolated, fast ones left alone, those between blended
    /// along a ramp; and the softmax is sharpened (DeepSeek-V2, arXiv 2405.04434, section 3.1.4).
    ///
    /// @param originalPositions `original_max_position_embeddings`
    /// @param betaFast `beta_fast`: pairs with more turns than this over the original length are left alone
    /// @param betaSlow `beta_slow`: pairs with fewer are interpolated whole
    /// @param mscale `mscale`, 0 if absent
    /// @param mscaleAllDim `mscale_all_dim`, 0 if absent
    /// @param givenAttentionFactor `attention_factor`
    record Yarn(
            double factor,
            int originalPositions,
            double betaFast,
            double betaSlow,
            double mscale,
            double mscaleAllDim,
            OptionalDouble givenAttentionFactor)
            implements RopeScaling {
        public Yarn {
            atLeastOne("factor", factor);
            Positive.require("original_max_position_embeddings", originalPositions);
            Positive.require("beta_fast", betaFast);
            Positive.require("beta_slow", betaSlow);
            givenAttentionFactor.ifPresent(given -> Positive.require("attention_factor", given));
            if (mscale < 0 || mscaleAllDim < 0) {
                throw new IllegalArgumentException(
                        "mscale is " + mscale + ", mscale_all_dim is " + mscaleAllDim + ": neither may be negative");
            }
            if (betaFast < betaSlow) {
                throw new IllegalArgumentException(
                        "beta_fast is " + betaFast + ", it must be at least beta_slow, which is " + betaSlow);
            }
        }

        @Override
        public float[] frequencies(double theta, int dim) {
            double low = Math.max(Math.floor(turning(betaFast, theta, dim)), 0);
            double high = Math.min(Math.ceil(turning(betaSlow, theta, dim)), dim - 1);
            float width = low == high ? 0.001f : (float) (high - low);
            float[] frequencies = new float[dim / 2];
            for (int i = 0; i < frequencies.length; i++) {
                float power = power(theta, i, dim);
                float interpolated = Math.clamp((i - (float) low) / width, 0f, 1f);
                float kept = 1 - interpolated;
                frequencies[i] = 1f / ((float) factor * power) * (1 - kept) + 1f / power * kept;
            }
            return frequencies;
        }

        /// The pair, as a real number, that makes so many turns over the original length.
        private double turning(double turns, double theta, int dim) {
            return dim * Math.log(originalPositions / (turns * 2 * Math.PI)) / (2 * Math.log(theta));
        }

        @Override
        public double attentionFactor() {
            if (givenAttentionFactor.isPresent()) {
                return givenAttentionFactor.getAsDouble();
            }
            return mscale != 0 && mscaleAllDim != 0 ? sharpening(mscale) / sharpening(mscaleAllDim) : sharpening(1);
        }

        @Override
        public double softmaxFactor() {
            double sharpening = mscaleAllDim == 0 ? 1 : sharpening(mscaleAllDim);
            return sharpening * sharpening;
        }

        private double sharpening(double mscale) {
            return 0.1 * mscale * Math.log(factor) + 1;
        }
    }

    private static float power(double theta, int pair, int dim) {
        return (float) Math.pow(theta, (float) (2 * pair) / dim);
    }

    private static void atLeastOne(String key, double value) {
        if (!(value >= 1) || Double.isInfinite(value)) {
            throw new IllegalArgumentException(key + " is " + value + ", it must be at least 1");
        }
    }
}
