package dev.millrace.trainer.model;

import java.util.OptionalInt;

/// The shape of self-attention, which decides its implementation: [Grouped] is [Attention], [Latent] is
/// [LatentAttention].
public sealed interface AttentionShape {
    /// `num_attention_heads`.
    int heads();

    /// Channels of a head that rotary embedding turns.
    int rotaryDim();

    /// Heads that share keys and values in groups, or each have their own.
    ///
    /// @param keyValueHeads `num_key_value_heads`, by default `num_attention_heads`
    /// @param headDim `head_dim`, by default `hidden_size / num_attention_heads`
    record Grouped(int heads, int keyValueHeads, int headDim) implements AttentionShape {
        public Grouped {
            Positive.require("num_attention_heads", heads);
            Positive.require("num_key_value_heads", keyValueHeads);
            Positive.require("head_dim", headDim);
            if (heads % keyValueHeads != 0) {
                throw new IllegalArgumentException("num_attention_heads is " + heads
                        + ", it must be a multiple of num_key_value_heads, which is " + keyValueHeads);
            }
            requireEven("head_dim", headDim);
        }

        @Override
        public int rotaryDim() {
            return headDim;
        }
    }

    /// Keys and values from a latent of low rank (MLA).
    ///
    /// @param queryRank `q_lora_rank`; absent: queries come from the full-rank input
    /// @param keyValueRank `kv_lora_rank`
    /// @param plainDim `qk_nope_head_dim`, channels of a head without position
    /// @param rotaryDim `qk_rope_head_dim`
    /// @param valueDim `v_head_dim`
    /// @param interleaved `rope_interleave`: a turned pair lies side by side in the weights, not half a head apart
    record Latent(
            int heads,
            OptionalInt queryRank,
            int keyValueRank,
            int plainDim,
            int rotaryDim,
            int valueDim,
            boolean interleaved)
            implements AttentionShape {
        public Latent {
            Positive.require("num_attention_heads", heads);
            queryRank.ifPresent(rank -> Positive.require("q_lora_rank", rank));
            Positive.require("kv_lora_rank", keyValueRank);
            Positive.require("qk_nope_head_dim", plainDim);
            Positive.require("qk_rope_head_dim", rotaryDim);
            Positive.require("v_head_dim", valueDim);
            requireEven("qk_rope_head_dim", rotaryDim);
        }

        /// Channels of a query or key.
        public int headDim() {
            return plainDim + rotaryDim;
        }
    }

    private static void requireEven(String key, int value) {
        if (value % 2 != 0) {
            throw new IllegalArgumentException(
                    key + " is " + value + ", it must be even: rotary embedding turns pairs of channels");
        }
    }
}
