package dev.millrace.trainer.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.ArrayList;
import java.util.List;

/// Half of a decoder block: normalises the residual stream, transforms it and adds the result to it.
///
/// Implementations: [Attention] and [LatentAttention]; [FeedForward] and [MixtureOfExperts].
interface BlockPart {
    /// Transforms the residual stream.
    ///
    /// @param x_BTM the residual stream, left as it is
    /// @return the new residual stream, belonging to `pass.scope()`
    NDArray forward(Pass pass, NDArray x_BTM);

    /// What all parts of one run through the model share.
    ///
    /// @param scope where results live
    /// @param mask where each position may look, and how it is turned
    /// @param gradients whether a backward pass follows
    /// @param auxiliaryLosses scalars that are trained for besides the cross-entropy, added by the parts
    record Pass(Kernels kernels, NDManager scope, DocumentMask mask, boolean gradients, List<NDArray> auxiliaryLosses) {
        NDArray run(String method, NDArray... inputs) {
            return gradients ? kernels.differentiable(method, scope, inputs) : kernels.plain(method, scope, inputs);
        }

        /// The same run with results in another scope and auxiliary losses of its own.
        Pass within(NDManager other, boolean withGradients) {
            return new Pass(kernels, other, mask, withGradients, new ArrayList<>());
        }
    }
}
