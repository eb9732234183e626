package dev.millrace.trainer.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// One layer: attention, then feed-forward, each with its own norm before it and its residual around it.
record DecoderBlock(SelfAttention attention, BlockPart feedForward) {

    /// @param owner of what is neither given nor returned
    static DecoderBlock of(int layer, ModelConfig config, Parameters parameters, NDManager owner) {
        String prefix = prefix(layer);
        SelfAttention attention = switch (config.attention()) {
            case AttentionShape.Grouped shape -> new Attention(prefix, shape, parameters);
            case AttentionShape.Latent shape -> new LatentAttention(prefix, shape, parameters);
        };
        BlockPart feedForward = experts(layer, config)
                .<BlockPart>map(shape -> new MixtureOfExperts(prefix, shape, parameters, owner))
                .orElseGet(() -> new FeedForward(prefix, parameters));
        return new DecoderBlock(attention, feedForward);
    }

    static List<ParameterSpec> parameters(int layer, ModelConfig config) {
        String prefix = prefix(layer);
        List<ParameterSpec> specs = new ArrayList<>(
                switch (config.attention()) {
                    case AttentionShape.Grouped shape -> Attention.parameters(prefix, shape, config);
                    case AttentionShape.Latent shape -> LatentAttention.parameters(prefix, shape, config);
                });
        specs.addAll(experts(layer, config)
                .map(shape -> MixtureOfExperts.parameters(prefix, shape, config))
                .orElseGet(() -> FeedForward.parameters(prefix, config)));
        return specs;
    }

    private static Optional<ExpertShape> experts(int layer, ModelConfig config) {
        return config.experts().filter(shape -> shape.in(layer));
    }

    static String prefix(int layer) {
        return "model.layers." + layer + ".";
    }

    Stream<RouterBias> routerBias() {
        return feedForward instanceof MixtureOfExperts mixture ? Stream.ofNullable(mixture.bias()) : Stream.empty();
    }

    /// Runs the layer.
    ///
    /// @param x_BTM the residual stream, left as it is
    NDArray forward(BlockPart.Pass pass, NDArray x_BTM) {
        try (NDArray attended_BTM = attention.forward(pass, x_BTM)) {
            return feedForward.forward(pass, attended_BTM);
        }
    }

    /// As [#forward], for the next positions of a row that is kept in `seen`, see [SelfAttention#extend].
    NDArray extend(BlockPart.Pass pass, NDArray x_1TM, List<NDArray> seen) {
        try (x_1TM;
                NDArray attended_1TM = attention.extend(pass, x_1TM, seen)) {
            return feedForward.forward(pass, attended_1TM);
        }
    }
}
