package dev.millrace.trainer.model;

/// The shape of a mixture of experts, see [MixtureOfExperts].
///
/// @param routed `n_routed_experts`
/// @param perToken `num_experts_per_tok`
/// @param shared `n_shared_experts`, which see every token; 0 for none
/// @param intermediateSize `moe_intermediate_size`, of one expert
/// @param firstLayer `first_k_dense_replace`: layers before it are dense
/// @param layerInterval `moe_layer_freq`: of the later ones, those that it divides have experts
/// @param scoring `scoring_func`
/// @param groups `n_group`
/// @param groupsPerToken `topk_group`: experts are chosen within so many groups
/// @param normalized `norm_topk_prob`: the weights of the chosen experts sum to one before scaling
/// @param scale `routed_scaling_factor`
public record ExpertShape(
        int routed,
        int perToken,
        int shared,
        int intermediateSize,
        int firstLayer,
        int layerInterval,
        Scoring scoring,
        int groups,
        int groupsPerToken,
        boolean normalized,
        double scale) {

    /// How logits of the router become scores, and how groups are compared.
    public enum Scoring {
        /// DeepSeek-V2: softmax; a group is as good as its best expert.
        SOFTMAX,
        /// DeepSeek-V3: sigmoid, chosen by score plus a bias that is not trained by gradient; a group is as good as
        /// its two best experts together.
        SIGMOID
    }

    public ExpertShape {
        Positive.require("n_routed_experts", routed);
        Positive.require("num_experts_per_tok", perToken);
        Positive.require("moe_intermediate_size", intermediateSize);
        Positive.require("moe_layer_freq", layerInterval);
        Positive.require("n_group", groups);
        Positive.require("topk_group", groupsPerToken);
        Positive.require("routed_scaling_factor", scale);
        if (shared < 0 || firstLayer < 0) {
            throw new IllegalArgumentException("n_shared_experts is " + shared + ", first_k_dense_replace is "
                    + firstLayer + ": neither may be negative");
        }
        if ((long) shared * intermediateSize > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("n_shared_experts is " + shared + ", moe_intermediate_size is "
                    + intermediateSize + ": too large together");
        }
        if (routed % groups != 0) {
            throw new IllegalArgumentException(
                    "n_routed_experts is " + routed + ", it must be a multiple of n_group, which is " + groups);
        }
        if (groupsPerToken > groups || perToken > groupsPerToken * (routed / groups)) {
            throw new IllegalArgumentException("num_experts_per_tok is " + perToken + ", which topk_group = "
                    + groupsPerToken + " of n_group = " + groups + " groups with " + routed / groups
                    + " experts each cannot give");
        }
        if (scoring == Scoring.SIGMOID && groups > 1 && routed / groups < 2) {
            throw new IllegalArgumentException(
                    "n_group is " + groups + ": a group needs two of the " + routed + " n_routed_experts");
        }
    }

    /// Whether a layer, counted from 0, has experts.
    boolean in(int layer) {
        return layer >= firstLayer && layer % layerInterval == 0;
    }
}
