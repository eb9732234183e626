package dev.millrace.trainer.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/// Layers of which only the inputs are kept on the way there; on the way back each is run once more (Chen et al.,
/// 2016, arXiv 1604.06174, with one segment per layer). The memory of a pass is then that of one layer, and B*T*M
/// floats for each of the others, at the price of a second forward pass.
///
/// Autograd knows of one layer at a time, and goes back through it with the gradient that the layer above left. To the
/// bit, gradients are those of a pass that keeps everything, where an operation gives the same bits twice.
///
/// Shapes: B rows, T positions, M `hidden_size`.
final class RecomputedLayers {
    private final BlockPart.Pass run;
    private final List<DecoderBlock> layers;
    private final Gradients gradients;
    private final List<NDArray> inputs_BTM = new ArrayList<>();

    RecomputedLayers(BlockPart.Pass run, List<DecoderBlock> layers, Gradients gradients) {
        this.run = run;
        this.gradients = gradients;
        this.layers = layers;
    }

    /// The way there.
    ///
    /// @param x_BTM the embedded tokens, left as they are
    /// @return the last state, a leaf for whose gradient [#backward] asks
    NDArray forward(NDArray x_BTM) {
        BlockPart.Pass plain = run.within(run.scope(), false);
        NDArray state_BTM = x_BTM.stopGradient();
        for (DecoderBlock layer : layers) {
            inputs_BTM.add(state_BTM);
            // DJL runs what has no gradient in libtorch's inference mode, and autograd refuses what comes from there.
            try (NDArray inferred_BTM = layer.forward(plain, state_BTM)) {
                state_BTM = inferred_BTM.duplicate();
            }
        }
        state_BTM.setRequiresGradient(true);
        return state_BTM;
    }

    /// The way back, adding to the gradients of the parameters.
    ///
    /// @param g_BTM the gradient of the last state; is closed
    /// @param share what the losses that layers add themselves are multiplied with
    /// @return the gradient of the embedded tokens
    NDArray backward(NDArray g_BTM, NDArray share) {
        NDArray gradient_BTM = g_BTM;
        for (DecoderBlock layer : layers.reversed()) {
            try (NDArray above_BTM = gradient_BTM;
                    NDArray x_BTM = inputs_BTM.removeLast()) {
                gradient_BTM = backward(layer, x_BTM, above_BTM, share);
            }
        }
        return gradient_BTM;
    }

    private NDArray backward(DecoderBlock layer, NDArray x_BTM, NDArray g_BTM, NDArray share) {
        try (NDManager scope = run.scope().newSubManager()) {
            BlockPart.Pass again = run.within(scope, true);
            x_BTM.setRequiresGradient(true);
            List<NDArray> results = new ArrayList<>(List.of(layer.forward(again, x_BTM)));
            results.addAll(again.auxiliaryLosses());
            List<NDArray> due = new ArrayList<>(Collections.nCopies(results.size(), share));
            due.set(0, g_BTM);
            return gradients.pullThrough(run.scope(), results, due, x_BTM);
        }
    }
}
