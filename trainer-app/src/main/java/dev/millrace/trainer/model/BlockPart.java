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
    /// @param adapters of weights that are inputs of what is run
    /// @param scope where results live
    /// @param mask where each position may look, and how it is turned
    /// @param gradients whether a backward pass follows
    /// @param auxiliaryLosses scalars that are trained for besides the cross-entropy, added by the parts
    record Pass(
            Kernels kernels,
            Adapters adapters,
            NDManager scope,
            DocumentMask mask,
            boolean gradients,
            List<NDArray> auxiliaryLosses) {
        NDArray run(String method, NDArray... inputs) {
            return all(method, List.of(), inputs).singletonOrThrow();
        }

        /// Runs a function that returns a list of tensors and whose first parameters are lists of tensors.
        NDList all(String method, List<List<NDArray>> lists, NDArray... inputs) {
            if (adapters.isEmpty()) {
                return kernels.all(method, scope, gradients, lists, inputs);
            }
            try (NDManager sums = scope.newSubManager()) {
                return kernels.all(
                        method,
                        scope,
                        gradients,
                        lists.stream().map(list -> applied(list, sums)).toList(),
                        applied(List.of(inputs), sums).toArray(NDArray[]::new));
            }
        }

        private List<NDArray> applied(List<NDArray> tensors, NDManager sums) {
            return adapters.applied(tensors, kernels, sums, gradients);
        }

        /// The same run with results in another scope and auxiliary losses of its own.
        Pass within(NDManager other, boolean withGradients) {
            return new Pass(kernels, adapters, other, mask, withGradients, new ArrayList<>());
        }

        /// The same run over the first positions only.
        Pass first(int positions) {
            return new Pass(kernels, adapters, scope, mask.first(scope, positions), gradients, auxiliaryLosses);
        }
    }
}
