package dev.millrace.trainer.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
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
            return run(method, List.of(), inputs);
        }

        /// Runs a function whose first parameters are linear modules.
        NDArray run(String method, List<Projection> projections, NDArray... inputs) {
            List<List<NDArray>> lists =
                    projections.stream().map(Projection::tensors).toList();
            return all(method, lists, inputs).singletonOrThrow();
        }

        /// Runs a function that returns a list of tensors and whose first parameters are lists of tensors.
        NDList all(String method, List<List<NDArray>> lists, NDArray... inputs) {
            return kernels.all(method, scope, gradients, lists, inputs);
        }

        /// The same run with results in another scope and auxiliary losses of its own.
        Pass within(NDManager other, boolean withGradients) {
            return new Pass(kernels, other, mask, withGradients, new ArrayList<>());
        }

        /// The same run over the first positions only.
        Pass first(int positions) {
            return new Pass(kernels, scope, mask.first(scope, positions), gradients, auxiliaryLosses);
        }
    }
}
