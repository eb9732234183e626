package dev.millrace.trainer.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import java.util.ArrayList;
import java.util.List;

/// Layers of which only the inputs are kept on the way there; on the way back each is run once more (Chen et al.,
/// 2016, arXiv 1604.06174, with one segment per layer). The memory of a pass is then that of one layer, and B*T*M
/// floats for each of the others, at the price of a second forward pass.
///
/// Autograd knows of one layer at a time: its output `y`, multiplied with the gradient `g` that the layer above left,
/// is summed to a scalar, whose gradients are those of the layer. To the bit, they are those of a pass that keeps
/// everything, where an operation gives the same bits twice.
///
/// Shapes: B rows, T positions, M `hidden_size`.
final class RecomputedLayers {
    static final String SCRIPT = """
            def pull(self: __torch__.Kernels, y_BTM: Tensor, g_BTM: Tensor) -> Tensor:
              return torch.sum(torch.mul(y_BTM, g_BTM))
            def add_part(self: __torch__.Kernels, sum: Tensor, loss: Tensor, share: Tensor) -> Tensor:
              return torch.add(sum, torch.mul(loss, share))
            """;

    private final BlockPart.Pass run;
    private final List<DecoderBlock> layers;
    private final List<NDArray> inputs_BTM = new ArrayList<>();

    RecomputedLayers(BlockPart.Pass run, List<DecoderBlock> layers) {
        this.run = run;
        this.layers = layers;
    }

    /// The way there.
    ///
    /// @param x_BTM the embedded tokens, left as they are
    /// @return the last state, for whose gradient [#backward] asks
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
            NDArray pulled = again.run("pull", layer.forward(again, x_BTM), g_BTM);
            for (NDArray loss : again.auxiliaryLosses()) {
                pulled = again.run("add_part", pulled, loss, share);
            }
            JniUtils.backward((PtNDArray) pulled, (PtNDArray) scope.ones(new Shape()), false, false);
            return x_BTM.getGradient();
        }
    }
}
