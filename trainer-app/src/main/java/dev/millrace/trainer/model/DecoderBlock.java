package dev.millrace.trainer.model;

import ai.djl.ndarray.NDArray;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// One layer: attention, then feed-forward, each with its own norm before it and its residual around it.
record DecoderBlock(BlockPart attention, BlockPart feedForward) {

    static DecoderBlock of(int layer, Map<String, NDArray> parameters) {
        return new DecoderBlock(new Attention(prefix(layer), parameters), new FeedForward(prefix(layer), parameters));
    }

    static List<ParameterSpec> parameters(int layer, ModelConfig config) {
        List<ParameterSpec> specs = new ArrayList<>(Attention.parameters(prefix(layer), config));
        specs.addAll(FeedForward.parameters(prefix(layer), config));
        return specs;
    }

    private static String prefix(int layer) {
        return "model.layers." + layer + ".";
    }

    /// Runs the layer and lets go of Java's hold on `x_BTM`; autograd keeps what it needs of it.
    NDArray forward(BlockPart.Pass pass, NDArray x_BTM) {
        try (x_BTM;
                NDArray attended_BTM = attention.forward(pass, x_BTM)) {
            return feedForward.forward(pass, attended_BTM);
        }
    }
}
